// The conversation that every client has, with the TypeScript SDK: `typescript.mjs NODE_MODULES MAJOR TRANSPORT TARGET [TOKEN]`.

import { createRequire } from "node:module";

const [modules, major, transport, target, token] = process.argv.slice(2);
const require = createRequire(`${modules}/index.js`);
const sdk = (name) => require(major === "1" ? `@modelcontextprotocol/sdk/client/${name}.js` : "@modelcontextprotocol/client");
const stdio = () => require(major === "1" ? "@modelcontextprotocol/sdk/client/stdio.js" : "@modelcontextprotocol/client/stdio");

const client = new (sdk("index").Client)({ name: "interop", version: "1" });
const requestInit = { headers: { Authorization: `Bearer ${token}` } };

function connection() {
  switch (transport) {
    case "stdio":
      return new (stdio().StdioClientTransport)({ command: target, args: ["--local"], stderr: "ignore" });
    case "http":
      return new (sdk("streamableHttp").StreamableHTTPClientTransport)(new URL(target), { requestInit });
    default:
      return new (sdk("sse").SSEClientTransport)(new URL(target), { requestInit });
  }
}

function call(name, args, options) {
  const params = { name, arguments: args };
  return major === "1" ? client.callTool(params, undefined, options) : client.callTool(params, options);
}

const jobs = async (operation, args, options) => call("hf_jobs", { operation, args }, options);

function check(name, holds, found) {
  console.log(`${holds ? "ok" : "not ok"} typescript ${major}.x ${transport}: ${name}${holds ? "" : ` (${JSON.stringify(found)})`}`);
  if (!holds) process.exitCode = 1;
}

await client.connect(connection());

const { tools } = await client.listTools();
check("lists the tools", tools.map((tool) => tool.name).join() === "hf_jobs,hf_whoami", tools);

const me = await call("hf_whoami", {});
check("asks who it is", me.structuredContent?.name === "local", me);

const notes = [];
const onprogress = (note) => notes.push(note.message ?? "");
const ran = await jobs("run", { command: ["/bin/sh", "-c", "echo first; sleep 2; echo second"] }, { onprogress });
check("runs a job to its end", ran.structuredContent?.logs?.lines?.join() === "first,second", ran);
check("hears of its progress", notes.some((note) => note.includes(ran.structuredContent?.job?.job_id)), notes);

const begun = await jobs("run", { command: ["sleep", "300"], detach: true });
const job = begun.structuredContent.job.job_id;
const stop = new AbortController();
const following = jobs("logs", { job_id: job, wait: "45s" }, { onprogress: () => stop.abort(), signal: stop.signal }).then(
  () => "answered",
  () => "given up",
);
check("gives a following up", (await following) === "given up");
const seen = await jobs("inspect", { job_id: job });
check("the job goes on", seen.structuredContent?.jobs?.[0]?.stage === "RUNNING", seen);
await jobs("cancel", { job_id: job });

const refused = await jobs("run", { command: ["true"], timout: "1h" });
check("is told of a mistake", refused.isError === true && refused.structuredContent?.error?.code === "invalid_arguments", refused);

await client.close();
setTimeout(() => process.exit(), 200).unref();
