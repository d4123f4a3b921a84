// The planner: client.mjs TRUTH. Each call waits for the one before, but two that go out together.
import { appendFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { connect, MqttTransport } from "./transport.mjs";

const [truthFile] = process.argv.slice(2);
const id = "planner-7f3a";
const truth = (line) => appendFileSync(truthFile, `${JSON.stringify({ by: id, ...line })}\n`);

const client = await connect(id, "mcp-client");
const found = new Promise((resolve) => {
  client.on("message", (topic, payload) => {
    if (!topic.startsWith("$mcp-server/presence/") || payload.length === 0) return;
    const [, , serverId, ...rest] = topic.split("/");
    resolve({ serverId, name: rest.join("/") });
  });
});
await client.subscribeAsync("$mcp-server/presence/+/#", { qos: 1 });
const { serverId, name } = await found;
const rpc = `$mcp-rpc/${id}/${serverId}/${name}`;
const transport = new MqttTransport(client, "mcp-client", id, (message) =>
  message.method === "initialize" ? `$mcp-server/${serverId}/${name}` : rpc,
);
await client.subscribeAsync(rpc, { qos: 1, nl: true });
client.on("message", (topic, payload) => topic === rpc && transport.receive(payload));

const planner = new Client({ name: "planner", version: "2.0.0" });
await planner.connect(transport);

/** What the answer was, in the words of an event's status. */
async function call(tool, args, options) {
  let status;
  try {
    const result = await planner.callTool({ name: tool, arguments: args }, undefined, options);
    status = result.isError ? "ToolError" : "Success";
  } catch (error) {
    status = error.code === -32001 ? null : `code ${error.code}`;
  }
  truth({ call: tool, arguments: args, status });
}

const listed = async () => truth({ tools: (await planner.listTools()).tools.map((tool) => tool.name) });

await listed();
await call("read_valve", { id: "V101" });
transport.decision = {
  "ai-agent": "planner", "ai-model": "line-planner@3.1", "ai-conf": "0.83", "ai-input-ts": new Date().toISOString(),
};
await call("set_valve", { id: "V101", percent: 55.5 });
await call("set_valve", { id: "V101", percent: 95 });
await call("set_valve", { id: "V102", percent: 10 });
await call("firmware_update", { url: "http://198.51.100.9/fw.bin" });
await Promise.all([call("read_valve", { id: "V101" }), call("read_valve", { id: "V102" })]);
await call("drain", {});
await listed();
await call("set_valve", { id: "V101", percent: 60 });
await call("flush", {}, { timeout: 1000 });
await client.endAsync();
process.exit(0);
