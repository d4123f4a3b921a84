"""Events as lines to compare across security modes: what names the moment, the place in the capture, the
connection, ids that the server draws, and how the channel was protected is left out."""

import json
import sys

EVENT = {"ts", "packet", "request_packet", "request_ts", "flow", "src", "dst", "source_ts", "server_ts"}
OPCUA = {
    "channel", "session", "subscription", "monitored_item",
    "security_policy", "security_mode", "user_token",
}
# An RSA policy encrypts the handshake itself, whatever the mode; its keys are those of the certificates.
HANDSHAKE = {"request_id"}


def form(event):
    opcua = {k: v for k, v in event.get("opcua", {}).items() if k not in OPCUA and not k.startswith("certificate_")}
    event = {k: v for k, v in event.items() if k not in EVENT}
    if event["action"] == "secure":
        opcua = {k: v for k, v in opcua.items() if k not in HANDSHAKE}
        event.pop("encrypted", None)
    # Outside a session only the certificate says who it is.
    if "session_name" not in opcua:
        opcua.pop("application_uri", None)
    event["opcua"] = opcua
    return json.dumps(event, sort_keys=True, ensure_ascii=False)


for line in sys.stdin:
    print(form(json.loads(line)))
