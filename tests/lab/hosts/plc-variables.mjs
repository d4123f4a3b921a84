// The variables of the PLC: node id, type, first value, and where it has one its engineering range.
// Command variables may be written by any session, as on many a real controller: what an AI system
// may do is a matter of the inventory, and seeing that it keeps to it is what tierwatch is for.

const analog = (id, type, value, unit, low, high, more = {}) => ({ id, type, value, unit, range: [low, high], ...more });
const plain = (id, type, value, more = {}) => ({ id, type, value, ...more });

const writable = { writable: true };

export const FILTERS = 24;
export const WAVE_SAMPLES = 6000; // 48 kB: more than one chunk of the server's 16 kB

export const folders = {
  Intake: [
    analog("s=Intake.Flow", "Double", 412, "m3/h", 0, 900),
    analog("s=Intake.Turbidity", "Float", 6.2, "NTU", 0, 50, { history: true }),
    analog("s=Intake.Temperature", "Double", 11.4, "degC", 0, 40),
    analog("s=Intake.PH", "Float", 7.35, "", 0, 14),
    plain("s=Intake.GateOpen", "Boolean", true),
    plain("i=1001", "UInt32", 918273, { name: "Intake.MeterTotal" }),
    plain("g=5F3A1C08-9B7D-4E21-8A60-77AA01C3D5E9", "Int64", [0, 55120], { name: "Intake.MeterPulses" }),
  ],
  Dosing: [
    analog("s=Dosing.Coagulant.Setpoint", "Double", 18, "mg/L", 5, 40, writable),
    analog("s=Dosing.Coagulant.Rate", "Double", 18, "mg/L", 0, 60),
    analog("s=Dosing.Chlorine.Setpoint", "Float", 0.6, "mg/L", 0.2, 2, writable),
    analog("s=Dosing.Chlorine.Residual", "Float", 0.58, "mg/L", 0, 5),
    analog("s=Dosing.TankLevel", "Float", 71.5, "%", 0, 100),
  ],
  Filters: [
    plain("s=Filters.Active", "UInt16", 22),
    plain("s=Filters.Headloss", "Double", new Float64Array(FILTERS).fill(1.2)),
    plain("s=Filters.PressureWave", "Double", new Float64Array(WAVE_SAMPLES)),
    plain("s=Filters.BackwashInterval", "Int32", 36, writable),
  ],
  Pumps: [
    analog("s=Pumps.P1.Speed.Setpoint", "Double", 970, "rpm", 600, 1450, writable),
    analog("s=Pumps.P1.Speed", "Double", 970, "rpm", 0, 1600),
    analog("s=Pumps.P1.Power", "Float", 44.1, "kW", 0, 110),
    plain("s=Pumps.P1.Run", "Boolean", true, writable),
    analog("s=Pumps.P2.Speed.Setpoint", "Double", 905, "rpm", 600, 1450, writable),
    analog("s=Pumps.P2.Speed", "Double", 905, "rpm", 0, 1600),
    plain("s=Pumps.P2.Starts", "UInt16", 412),
    plain("i=1002", "Int32", 1, { name: "Pumps.Lead", writable: true }),
  ],
  Reservoir: [
    analog("s=Reservoir.Level", "Double", 3.92, "m", 0, 6),
    analog("s=Reservoir.Outflow", "Double", 398, "m3/h", 0, 900),
  ],
  Energy: [
    analog("s=Energy.Power", "Double", 187, "kW", 0, 600),
    analog("s=Energy.Price", "Float", 0.21, "EUR/kWh", 0, 2),
  ],
  Works: [
    plain("s=Works.Shift", "String", "early"),
    plain("s=Works.Note", "String", "Filter 7 back in service after inspection.", writable),
    plain("s=Works.LastSample", "DateTime", new Date(Date.UTC(2026, 0, 12, 6, 30))),
  ],
  AI: [plain("s=AI.Pumper.Heartbeat", "Int32", 0, writable)],
  Safety: [
    analog("s=Safety.ChlorineTrip.Limit", "Double", 3, "mg/L", 1, 4, writable),
    plain("s=Safety.ChlorineLeak", "Boolean", false),
    plain("s=Safety.Interlock.Bypass", "Boolean", false, writable),
  ],
};

/** What each of the filters keeps for the maintenance crew. */
export const diagnosticTags = [
  "RunHours", "Backwashes", "Headloss", "Turbidity", "InletValve", "OutletValve", "AirScour", "MediaDepth",
  "LastFault", "Inspector",
];
