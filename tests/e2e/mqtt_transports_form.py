"""Events as lines to compare across transports: what names the moment, the place in the capture, the connection, and
how it was carried, and the packet identifiers that a client draws, is left out."""

import json
import sys

EVENT = {"ts", "packet", "request_packet", "request_ts", "flow", "src", "dst"}
MQTT = {"transport", "proxied_client", "websocket", "tls", "clear_password", "packet_id"}

for line in sys.stdin:
    event = json.loads(line)
    if event["protocol"] != "mqtt":
        continue
    mqtt = {k: v for k, v in event.pop("mqtt").items() if k not in MQTT}
    event = {k: v for k, v in event.items() if k not in EVENT}
    print(json.dumps({**event, "mqtt": mqtt}, sort_keys=True, ensure_ascii=False))
