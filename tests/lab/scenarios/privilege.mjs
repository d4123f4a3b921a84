// What somebody reaches for: too much to read, and what it may not touch.
import { sleep } from "../lib/host.mjs";

export default [
  {
    name: "subscribe-to-everything", rules: ["PRV-01"], also: ["PRV-04"], actor: "forecaster", object: "#", severity: "medium",
    async run({ forecaster }) {
      await forecaster.subscribe("#");
      await sleep(1500);
      await forecaster.unsubscribe("#");
    },
  },
  {
    name: "browse-sweep", rules: ["PRV-02"], also: ["PRV-04"], actor: "forecaster", severity: "info",
    run: ({ forecaster }) => forecaster.sweep("ns=2;s=Diag"),
  },
  {
    name: "advisor-writes", rules: ["PRV-03"], also: ["OVR-01"], actor: "forecaster", object: "ns=2;s=Dosing.Chlorine.Setpoint", severity: "high",
    run: ({ forecaster }) => forecaster.write("ns=2;s=Dosing.Chlorine.Setpoint", "Float", 0.7),
  },
  {
    name: "method-not-granted", rules: ["PRV-03"], actor: "pumper", object: "ns=2;s=Filters.StartBackwash", severity: "high",
    run: ({ pumper }) => pumper.call("ns=2;s=Filters", "ns=2;s=Filters.StartBackwash", [["UInt16", 12]]),
  },
  {
    name: "safety-limit-written", rules: ["PRV-05"], also: ["PRV-03"], actor: "pumper", object: "ns=2;s=Safety.ChlorineTrip.Limit", severity: "critical",
    run: ({ pumper }) => pumper.write("ns=2;s=Safety.ChlorineTrip.Limit", "Double", 3.8),
  },
];
