import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Survivor } from "@hexraft/core";
import { freePorts } from "@hexraft/testing/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ResetFlags, runResetPeers } from "../../src/admin/reset-peers.js";
import type { KvNode } from "../../src/kv/node-kv-service.js";
import { makeLogger } from "../../src/log/log.js";
import { resolveServeOptions } from "../../src/serve/serve-options.js";
import { type RunningServer, startServer } from "../../src/serve/start-server.js";

const IDS = ["n1", "n2", "n3"];
const T = 150;
let directory: string;
let ports: number[];
const running: RunningServer[] = [];

async function serve(id: string): Promise<RunningServer> {
  const bootstrap = IDS.map((each, at) => `${each}=127.0.0.1:${ports[at]}`).join(",");
  const dataDirectory = join(directory, id);
  const listen = `127.0.0.1:${ports[IDS.indexOf(id)]}`;
  const given = { nodeId: id, dataDirectory, listen, bootstrap, log: "silent", raft: { electionTimeoutMs: T } };
  const server = await startServer(resolveServeOptions(given), makeLogger("silent", id, process.stdout));
  running.push(server);
  return server;
}
const stopAll = () => Promise.all(running.splice(0).map((server) => server.stop()));

/** One step, with how it ended and what it said. */
async function reset(flags: Partial<ResetFlags> = {}) {
  const said: string[] = [];
  const voice = { say: (line: string) => void said.push(line), complain: (line: string) => void said.push(line) };
  const where = { dataDirectory: join(directory, "n1"), groupId: "main", electionTimeout: T };
  const code = await runResetPeers({ ...where, ...flags }, voice);
  return { code, said: said.join("\n") };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
  ports = await freePorts(IDS.length);
  await Promise.all(IDS.map(serve));
});
afterAll(async () => {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
});

describe("hexraft admin reset-peers", () => {
  it("M11 L11 leaves a node alone that runs, and what is no node's directory", async () => {
    await expect.poll(() => running[0]?.nodes.get("main")?.describe().leader).not.toBeNull();
    await expect(reset()).rejects.toMatchObject({ code: "DirectoryLocked" });
    await expect(reset({ dataDirectory: join(directory, "none") })).rejects.toMatchObject({ code: "BadOption" });
    await expect(reset({ dataDirectory: directory })).rejects.toThrow(/its identity cannot be read/);
    await stopAll();
  });

  it("M11 the first step says what would be lost, and what to do; it changes nothing, however often", async () => {
    const first = await reset();
    expect(first.code).toBe(0);
    expect(first.said).toMatch(
      /^n1 of cluster [0-9a-f]{32} holds the log up to \d+ of term \d+\.\n\n.*that only n2, n3 hold is LOST FOR GOOD/,
    );
    expect(first.said).toMatch(/--confirm 'n1: lose what is not in \d+@\d+, recovery 1 of [0-9a-f]{32}'/);
    expect(await reset()).toEqual(first);
    const { outcome, value } = JSON.parse((await reset({ json: true })).said) as { outcome: string; value: Survivor };
    expect([outcome, value.nodeId, value.recoveryNumber]).toEqual(["ok", "n1", 0]);
  });

  it("M11 C02 the second step is refused, with the reason, for a wrong token, a better survivor, and a majority", async () => {
    const { value } = JSON.parse((await reset({ json: true })).said) as { value: Survivor };
    const { confirmation: confirm } = value;
    const file = (name: string, content: unknown): string => {
      const path = join(directory, name);
      writeFileSync(path, JSON.stringify(content));
      return path;
    };
    expect(await reset({ confirm: "yes" })).toEqual({
      code: 1,
      said: `hexraft: refused: The peers were not reset: the confirmation must be "${confirm}", as survey() says on this node.`,
    });
    const ahead = { ...value, nodeId: "n2", last: { ...value.last, index: value.last.index + 1 } };
    const better = file("n2.json", { outcome: "ok", value: ahead });
    expect((await reset({ confirm, others: better })).said).toMatch(/n2 has more, up to \d+@\d+; go on with that one/);
    const equal = file("n3.json", { outcome: "ok", value: { ...value, nodeId: "n3" } });
    const refused = await reset({ confirm, others: equal, json: true });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.said)).toEqual({
      outcome: "refused",
      code: "RecoveryRefused",
      message: "The peers were not reset: a majority of the voters is there; start them instead.",
    });
    await expect(reset({ confirm, others: file("bad.json", { value: { nodeId: "n2" } }) })).rejects.toThrow(
      /--others .* must list files/,
    );
    await expect(reset({ confirm, others: join(directory, "none.json") })).rejects.toThrow(
      /--others .* must list files/,
    );
  });

  it("M11 with the token the node is alone, and leads when it is started", async () => {
    const { value } = JSON.parse((await reset({ json: true })).said) as { value: Survivor };
    expect(await reset({ confirm: value.confirmation })).toEqual({
      code: 0,
      said: expect.stringContaining("n1 is the only member from now on. Start it as before."),
    });
    const node = (await serve("n1")).nodes.get("main") as KvNode;
    await expect.poll(() => node.describe().role).toBe("leader");
    expect(node.describe().configuration.configuration.voters).toEqual(["n1"]);
  });
});
