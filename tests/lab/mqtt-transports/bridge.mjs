// A WebSocket server with permessage-deflate in front of mosquitto: usage: bridge.mjs PORT BROKER-PORT
import { connect } from "node:net";
import { WebSocketServer } from "ws";

const [port, brokerPort] = process.argv.slice(2).map(Number);
const server = new WebSocketServer({
  port,
  handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
  perMessageDeflate: { threshold: 0, zlibDeflateOptions: { level: 9 }, serverMaxWindowBits: 10 },
});
server.on("connection", (socket) => {
  const broker = connect(brokerPort, "127.0.0.1");
  socket.on("message", (data) => broker.write(data));
  socket.on("close", () => broker.end());
  broker.on("data", (data) => socket.send(data, { binary: true }));
  broker.on("end", () => socket.close());
});
