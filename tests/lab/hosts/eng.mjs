// The engineering station: comes to announce a change of a model, and leaves.
import { MqttClient } from "../lib/mqtt.mjs";
import { serve, sleep } from "../lib/host.mjs";

serve({
  async announce(order) {
    const broker = new MqttClient({ clientId: "eng" });
    await broker.connect();
    await broker.publish("lindholt/change/orders", order, { qos: 2 });
    await sleep(300);
    await broker.close();
  },
});
