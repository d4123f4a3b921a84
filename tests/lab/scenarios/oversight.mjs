// A person decides: writes without, against and around an approval.
const SETPOINT = "ns=2;s=Dosing.Coagulant.Setpoint";

/** Runs `act` while the doser's usual work rests, so that no other proposal is open. */
const whilePaused = (act) => ({
  before: ({ doser }) => doser.pause(),
  run: act,
  after: ({ doser }) => doser.resume(),
});

export default [
  {
    name: "write-without-approval", rules: ["OVR-01"], actor: "doser", object: SETPOINT, severity: "high",
    ...whilePaused(({ doser }) => doser.setDose(19.2)),
  },
  {
    name: "write-other-than-approved", rules: ["OVR-02"], actor: "doser", object: SETPOINT, severity: "critical",
    ...whilePaused(async ({ doser }) => {
      await doser.propose(19.8);
      await doser.setDose(20.9);
    }),
  },
  {
    name: "approval-by-itself", rules: ["OVR-03"], also: ["PRV-03", "OVR-01", "INP-05"], actor: "doser", severity: "critical",
    ...whilePaused(async ({ doser }) => {
      await doser.publish("lindholt/approvals", { approved: true, ai: "doser", node: SETPOINT, value: 20.3, proposal: "self", expires_s: 60 }, { qos: 1 });
      await doser.setDose(20.3);
    }),
  },
  {
    name: "low-confidence", rules: ["OVR-07"], actor: "forecaster", object: "lindholt/ai/forecaster/prediction", severity: "low",
    run: ({ forecaster }) => forecaster.report({ confidence: 0.22 }),
  },
];
