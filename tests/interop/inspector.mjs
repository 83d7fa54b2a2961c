// Drives the built server with MCP Inspector's command line, over each of its transports. It shows no progress, and cancels
// by being told to stop.
//
// Usage: inspector.mjs PACKAGE_DIRECTORY SERVER_BINARY ORIGIN DOOR_TOKEN_FILE, with HF_ENDPOINT and HF_TOKEN in the environment, by
// which every server has the same Hub. Prints `ok - name` or `not ok - name` for each check.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { text } from "node:stream/consumers";

const [directory, server, origin, doorTokenFile] = process.argv.slice(2);
const { HF_ENDPOINT, HF_TOKEN } = process.env;
const inspector = `${directory}/node_modules/@modelcontextprotocol/inspector`;
const { bin, version: VERSION } = JSON.parse(readFileSync(`${inspector}/package.json`, "utf8"));
const program = `${inspector}/${bin["mcp-inspector"]}`;
const TOOL_FAILED = 5;
const LOOKS = 60;

const header = `Authorization: Bearer ${readFileSync(doorTokenFile, "utf8").trim()}`;
const transports = {
  stdio: [server, "-e", `HF_ENDPOINT=${HF_ENDPOINT}`, "-e", `HF_TOKEN=${HF_TOKEN}`],
  "streamable http": [`${origin}/mcp`, "--transport", "http", "--header", header],
  sse: [`${origin}/sse`, "--transport", "sse", "--header", header],
};
// Its default, and the newest version where the server has it.
const eras = ["legacy", "auto"];

let failed = 0;

/** One command of the Inspector's. */
class Command {
  constructor(target, era, ...options) {
    const all = ["--cli", ...target, "--protocol-era", era, "--format", "json", ...options];
    this.child = spawn(process.execPath, [program, ...all], { stdio: ["ignore", "pipe", "pipe"] });
    this.ended = Promise.all([text(this.child.stdout), text(this.child.stderr), once(this.child, "exit")]);
  }

  /** What it printed. */
  async result(code = 0) {
    const [stdout, stderr, [exit]] = await this.ended;
    assert.equal(exit, code, `exit code ${exit}\n${stdout}\n${stderr}`);
    return JSON.parse(stdout).result;
  }
}

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

async function drive(transport, target, era) {
  const prefix = `inspector ${VERSION}, ${transport}, ${era} era`;
  const begin = (name, args) =>
    new Command(target, era, "--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args));
  const jobs = async (operation, args) => (await begin("hf_jobs", { operation, args }).result()).structuredContent;
  const stage = (answer) => (answer.job ?? answer.jobs[0]).stage;

  await check(`${prefix}: lists the tools, and finds no error in their schemas`, async () => {
    const { tools } = await new Command(target, era, "--method", "tools/list", "--strict").result();
    assert.deepEqual(tools.map((tool) => tool.name), ["hf_jobs", "hf_whoami"]);
  });

  await check(`${prefix}: calls hf_whoami`, async () => {
    const result = await begin("hf_whoami", {}).result();
    assert.ok(result.content[0].text.includes(result.structuredContent.name), JSON.stringify(result));
  });

  await check(`${prefix}: runs a job to its end`, async () => {
    const answer = await jobs("run", { command: ["/bin/sh", "-c", "echo one; echo two"], wait: "40s" });
    assert.equal(stage(answer), "COMPLETED");
    assert.deepEqual(answer.logs.lines, ["one", "two"]);
  });

  await check(`${prefix}: goes away during a follow, and the job goes on`, async () => {
    const name = `${transport}-${era}`.replaceAll(" ", "-");
    const following = begin("hf_jobs", { operation: "run", args: { command: ["sleep", "1000"], name, wait: "45s" } });
    let found = [];
    for (let look = 0; found.length === 0; look += 1) {
      assert.ok(look < LOOKS && following.child.exitCode === null, "no job was submitted");
      found = (await jobs("ps", { name })).jobs;
    }
    following.child.kill("SIGINT");
    await following.ended;
    const [{ job_id }] = found;
    assert.equal(stage(await jobs("wait", { job_id, until: "running", timeout: "45s" })), "RUNNING");
    assert.equal(stage(await jobs("cancel", { job_id })), "CANCELED");
  });

  await check(`${prefix}: gets an error as a result`, async () => {
    const call = begin("hf_jobs", { operation: "run", args: { command: ["true"], timout: "5m" } });
    const result = await call.result(TOOL_FAILED);
    assert.equal(result.isError, true);
    assert.equal(result.structuredContent.error.code, "invalid_arguments");
  });
}

// Each command is a process that takes most of a second to load: the transports side by side.
await Promise.all(
  Object.entries(transports).map(async ([transport, target]) => {
    for (const era of eras) await drive(transport, target, era);
  }),
);
process.exit(failed > 0 ? 1 : 0);
