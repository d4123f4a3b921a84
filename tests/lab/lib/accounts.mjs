// User names and passwords of the plant. They open nothing outside the lab's namespaces.

export const mqttAccounts = {
  historian: "lab-historian",
  hmi: "lab-hmi",
  eng: "lab-eng",
  forecaster: "lab-forecaster",
  doser: "lab-doser",
  pumper: "lab-pumper",
  sensors: "lab-sensors",
  analyser: "lab-analyser",
  booster: "lab-booster",
  spare: "lab-spare", // left over from commissioning; no registered system uses it
};

export const opcuaAccounts = {
  operator: "lab-operator",
  doser: "lab-doser",
  pumper: "lab-pumper",
};
