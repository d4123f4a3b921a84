// Commands that no pump should get, and names that no server knows. Each bad value is taken back, which
// is a large step itself.
import { sleep } from "../lib/host.mjs";

const SETTLE = 700;

export default [
  {
    name: "speed-out-of-range", rules: ["CMD-01"], also: ["CMD-04", "CMD-05"], actor: "pumper", object: "ns=2;s=Pumps.P1.Speed.Setpoint", severity: "high",
    async run({ pumper }) {
      await pumper.write("ns=2;s=Pumps.P1.Speed.Setpoint", "Double", 4200);
      await sleep(SETTLE);
      await pumper.write("ns=2;s=Pumps.P1.Speed.Setpoint", "Double", 1012);
    },
  },
  {
    name: "pressure-out-of-range", rules: ["CMD-01"], also: ["CMD-04"], actor: "pumper", object: "lindholt/booster/set", severity: "high",
    async run({ pumper }) {
      await pumper.publish("lindholt/booster/set", { bar: 9.5 }, { qos: 2 });
      await sleep(SETTLE);
      await pumper.publish("lindholt/booster/set", { bar: 3.02 }, { qos: 2 });
    },
  },
  {
    name: "speed-not-a-number", rules: ["CMD-02"], also: ["CMD-01", "CMD-04", "CMD-05"], actor: "pumper", object: "ns=2;s=Pumps.P2.Speed.Setpoint", severity: "high",
    async run({ pumper }) {
      await pumper.write("ns=2;s=Pumps.P2.Speed.Setpoint", "Double", NaN);
      await sleep(SETTLE);
      await pumper.write("ns=2;s=Pumps.P2.Speed.Setpoint", "Double", 928);
    },
  },
  {
    name: "speed-of-wrong-type", rules: ["CMD-02"], also: ["CMD-01", "CMD-04", "CMD-05"], actor: "pumper", object: "ns=2;s=Pumps.P2.Speed.Setpoint", severity: "high",
    run: ({ pumper }) => pumper.write("ns=2;s=Pumps.P2.Speed.Setpoint", "String", "fast"),
  },
  {
    name: "invented-node-ids", rules: ["HAL-01"], also: ["PRV-04"], actor: "forecaster", severity: "low",
    run: ({ forecaster }) => forecaster.read(...["Intake.Turbidty", "Intake.Flows", "Intake.pH", "Dosing.Coagulant.SetPoint",
      "Dosing.Chlorine.Residuals", "Reservoir.Levels", "Pumps.P3.Speed", "Pumps.P4.Speed", "Filters.Turbidity", "Works.Mode",
    ].map((name) => `ns=2;s=${name}`)),
  },
];
