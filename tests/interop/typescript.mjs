// Drives the built server with a TypeScript SDK, over each of its transports.
//
// Usage: typescript.mjs PACKAGE_DIRECTORY SERVER_BINARY ORIGIN DOOR_TOKEN_FILE, where the package is
// `@modelcontextprotocol/sdk` 1.x or `@modelcontextprotocol/client` 2.x, and the server is served at ORIGIN.
// Prints `ok - name` or `not ok - name` for each check.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [directory, server, origin, doorTokenFile] = process.argv.slice(2);
const PATIENCE_MS = 60_000;

/** What differs between the major versions: where things are, and how a call is made. */
function sdk() {
  const require = createRequire(`${resolve(directory)}/`);
  const version = (name) =>
    JSON.parse(readFileSync(`${directory}/node_modules/${name}/package.json`)).version;
  try {
    const version2 = version("@modelcontextprotocol/client");
    const parts = require("@modelcontextprotocol/client");
    const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");
    return {
      ...parts,
      StdioClientTransport,
      name: `typescript ${version2}`,
      modes: [
        { name: "", options: { versionNegotiation: { mode: "auto" } }, speaks: "2026-07-28" },
        { name: " with a handshake", options: { versionNegotiation: { mode: "legacy" } }, speaks: "2025-11-25" },
      ],
      call: (client, request, options) => client.callTool(request, options),
    };
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const part = (path) => require(`@modelcontextprotocol/sdk/${path}`);
  return {
    ...part("client/index.js"),
    ...part("client/stdio.js"),
    ...part("client/streamableHttp.js"),
    ...part("client/sse.js"),
    name: `typescript ${version("@modelcontextprotocol/sdk")}`,
    modes: [{ name: "", options: {}, speaks: "2025-11-25" }],
    call: (client, request, options) => client.callTool(request, undefined, options),
  };
}

const SDK = sdk();
const requestInit = () => ({
  headers: { authorization: `Bearer ${readFileSync(doorTokenFile, "utf8").trim()}` },
});
const transports = {
  stdio: () => new SDK.StdioClientTransport({ command: server, args: ["--local"], stderr: "ignore" }),
  "streamable http": () =>
    new SDK.StreamableHTTPClientTransport(new URL("/mcp", origin), { requestInit: requestInit() }),
  sse: () => new SDK.SSEClientTransport(new URL("/sse", origin), { requestInit: requestInit() }),
};

let failed = 0;

async function check(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${name}`);
    console.log(String(error.stack ?? error).replace(/^/gm, "#   "));
  }
}

async function drive(prefix, transport, { options, speaks }) {
  const client = new SDK.Client({ name: "interop", version: "1" }, { capabilities: {}, ...options });
  const errors = [];
  // A note may be on its way when its call is cancelled.
  client.onerror = (error) => /progress notification/.test(error) || errors.push(String(error));
  let spoken;
  const setProtocolVersion = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    spoken = version;
    setProtocolVersion?.(version);
  };

  const call = (name, args, more = {}) =>
    SDK.call(client, { name, arguments: args }, { timeout: PATIENCE_MS, ...more });
  const jobs = async (operation, args, more) => {
    const result = await call("hf_jobs", { operation, args }, more);
    assert.ok(!result.isError, JSON.stringify(result));
    return result.structuredContent;
  };

  await check(`${prefix}: connects, speaking ${speaks}`, async () => {
    await client.connect(transport, { timeout: PATIENCE_MS });
    assert.equal(client.getServerVersion().name, "hf-jobs-mcp");
    assert.equal(client.getNegotiatedProtocolVersion?.() ?? spoken, speaks);
  });

  await check(`${prefix}: lists the tools`, async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), ["hf_jobs", "hf_whoami"]);
  });

  await check(`${prefix}: calls hf_whoami`, async () => {
    const result = await call("hf_whoami", {});
    assert.ok(!result.isError, JSON.stringify(result));
    assert.ok(result.structuredContent.name);
    assert.ok(result.content[0].text.includes(result.structuredContent.name));
  });

  await check(`${prefix}: runs a job to its end, with progress`, async () => {
    const notes = [];
    const command = ["/bin/sh", "-c", "echo one; echo two"];
    const answer = await jobs("run", { command, wait: "40s" }, { onprogress: (note) => notes.push(note) });
    assert.equal(answer.job.stage, "COMPLETED");
    assert.deepEqual(answer.logs.lines, ["one", "two"]);
    assert.ok(notes.length > 0, "no progress");
    assert.ok(notes[0].message.includes(answer.job.job_id), JSON.stringify(notes));
    notes.forEach((note, index) => assert.ok(index === 0 || note.progress > notes[index - 1].progress));
  });

  await check(`${prefix}: cancels a follow, and the job goes on`, async () => {
    const abort = new AbortController();
    let first;
    const onprogress = (note) => {
      first ??= note.message;
      abort.abort("enough");
    };
    const following = jobs("run", { command: ["sleep", "1000"], wait: "45s" }, { onprogress, signal: abort.signal });
    await assert.rejects(following, /enough/);
    const [job_id] = first.match(/[0-9a-f]{24}/);
    const waited = await jobs("wait", { job_id, until: "running", timeout: "45s" });
    assert.equal((waited.job ?? waited.jobs[0]).stage, "RUNNING");
    const cancelled = await jobs("cancel", { job_id });
    assert.equal((cancelled.job ?? cancelled.jobs[0]).stage, "CANCELED");
  });

  await check(`${prefix}: gets an error as a result`, async () => {
    const result = await call("hf_jobs", { operation: "run", args: { command: ["true"], timout: "5m" } });
    assert.equal(result.isError, true);
    assert.equal(result.structuredContent.error.code, "invalid_arguments");
    assert.match(result.content[0].text, /`timeout`/);
  });

  await check(`${prefix}: goes away, and nothing came that was not asked for`, async () => {
    // Closing is an error to some of them.
    assert.deepEqual(errors, []);
    await transport.terminateSession?.();
    await client.close();
  });
}

for (const [name, connect] of Object.entries(transports)) {
  for (const mode of SDK.modes) {
    await drive(`${SDK.name}, ${name}${mode.name}`, connect(), mode);
  }
}
process.exit(failed > 0 ? 1 : 0);
