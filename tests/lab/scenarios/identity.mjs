// Who somebody is: unregistered, copied and guessed identities.
export default [
  {
    name: "unregistered-opcua-client", rules: ["IDN-01"], also: ["IDN-02", "CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.readAsStranger("ns=2;s=Intake.Flow", "ns=2;s=Reservoir.Level"),
  },
  {
    name: "unregistered-mqtt-client", rules: ["IDN-01"], also: ["CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.mqttSession({ clientId: "mqtt-tool-77", username: "spare" }, "lindholt/raw/level", 1200),
  },
  {
    name: "registered-client-id-elsewhere", rules: ["IDN-03"], also: ["CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.mqttSession({ clientId: "eng", username: "eng" }, null, 800),
  },
  {
    name: "registered-application-uri-elsewhere", rules: ["IDN-03"], also: ["IDN-02", "IDN-04", "CRY-01", "CRY-03"],
    actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.readAs({ uri: "urn:lindholt:pumper", name: "Lindholt pumper", user: "pumper" }, "ns=2;s=Pumps.P1.Speed"),
  },
  {
    name: "client-id-from-two-hosts", rules: ["IDN-04"], also: ["IDN-03", "AVL-06", "CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.mqttSession({ clientId: "pumper", username: "pumper" }, null, 4500),
  },
  {
    name: "mqtt-password-guessing", rules: ["IDN-06"], also: ["IDN-01", "AVL-06", "CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.guessMqttPasswords("hmi", ["hmi", "1234", "admin", "operator", "lindholt", "changeme", "letmein", "water"]),
  },
  {
    name: "opcua-password-guessing", rules: ["IDN-06"], also: ["IDN-01", "IDN-02", "CRY-01", "CRY-03"], actor: "visitor", severity: "high",
    run: ({ visitor }) => visitor.guessOpcuaPasswords("operator", ["operator", "1234", "admin", "lindholt", "changeme", "letmein", "water"]),
  },
];
