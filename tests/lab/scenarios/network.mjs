// Unprotected sessions, broken messages, and connections that an AI host has no business with.
import { hosts } from "../lib/hosts.mjs";

export default [
  {
    name: "unprotected-session", rules: ["CRY-01"], also: ["CRY-02", "IDN-03"], actor: "doser", severity: "medium",
    run: ({ doser }) => doser.connectUnprotected(),
  },
  {
    name: "malformed-mqtt", rules: ["AVL-04"], also: ["IDN-01", "CRY-01", "CRY-03", "AVL-03", "IDN-04", "INP-05"], actor: "visitor", severity: "low",
    run: ({ visitor }) => visitor.sendMalformedMqtt(),
  },
  {
    name: "malformed-opcua", rules: ["AVL-04"], also: ["AVL-03", "IDN-01"], actor: "visitor", severity: "low",
    run: ({ visitor }) => visitor.sendMalformedOpcua(),
  },
  {
    name: "shell-from-ai-host", rules: ["NET-04"], also: ["NET-07"], actor: "forecaster", severity: "low",
    run: ({ forecaster }) => forecaster.openSsh(hosts.historian.ip),
  },
];
