import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeDescription } from "@hexraft/core";
import { get, put } from "@hexraft/statemachine-kv";
import { freePorts } from "@hexraft/testing/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ForgetFlags, runForgetGroup } from "../../src/admin/forget-group.js";
import { runResetPeers } from "../../src/admin/reset-peers.js";
import type { KvNode } from "../../src/kv/node-kv-service.js";
import { makeLogger } from "../../src/log/log.js";
import { resolveServeOptions } from "../../src/serve/serve-options.js";
import { type RunningServer, startServer } from "../../src/serve/start-server.js";

const IDS = ["n1", "n2", "n3"];
/** Longer than a busy machine stands still. ms. */
const T = 1_000;
/** Each with a key of it. */
const KEYS = { "..m": "apple", "m..": "tomato" } as const;
type Group = keyof typeof KEYS;
const GROUPS = Object.keys(KEYS) as Group[];
let directory: string;
let ports: number[];
const running = new Map<string, RunningServer>();

const addressOf = (id: string) => `127.0.0.1:${ports[IDS.indexOf(id)]}`;
async function serve(id: string, bootstrap?: string): Promise<void> {
  const where = { nodeId: id, dataDirectory: join(directory, id), listen: addressOf(id), splitAt: "m", log: "silent" };
  const given = { ...where, raft: { electionTimeoutMs: T }, ...(bootstrap !== undefined && { bootstrap }) };
  running.set(id, await startServer(resolveServeOptions(given), makeLogger("silent", id, process.stdout)));
}
async function stopAll(): Promise<void> {
  const servers = [...running.values()];
  running.clear();
  await Promise.all(servers.map((server) => server.stop()));
}
const nodeOf = (id: string, group: Group) => running.get(id)?.nodes.get(group) as KvNode;

/** How a command ended, and what it said. */
async function told(run: (voice: { say(line: string): void; complain(line: string): void }) => Promise<number>) {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  return { code: await run({ say, complain: say }), said: said.join("\n") };
}
const reset = (id: string, more: { readonly groupId?: string; readonly confirm?: string }) =>
  told((voice) =>
    runResetPeers({ dataDirectory: join(directory, id), electionTimeout: T, json: true, ...more }, voice),
  );
const forget = (id: string, more: Omit<ForgetFlags, "dataDirectory">) =>
  told((voice) => runForgetGroup({ dataDirectory: join(directory, id), ...more }, voice));
/** The token that a first step printed. */
const tokenIn = ({ said }: { readonly said: string }): string =>
  (JSON.parse(said) as { readonly value: { readonly confirmation: string } }).value.confirmation;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
  ports = await freePorts(IDS.length);
  const bootstrap = IDS.map((id) => `${id}=${addressOf(id)}`).join(",");
  await Promise.all(IDS.map((id) => serve(id, bootstrap)));
});
afterAll(async () => {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
});

describe("a lost majority of processes whose groups share a log", () => {
  it("M11 L11 G01 says which groups there are, and leaves a process alone that runs", async () => {
    for (const group of GROUPS) {
      const nodes = IDS.map((id) => nodeOf(id, group));
      const leader = () => nodes.find((node) => node.describe().role === "leader") as KvNode;
      await expect.poll(() => leader().apply(put(KEYS[group], `the ${KEYS[group]}`))).toMatchObject({ type: "put" });
      const commitIndex = Math.max(...nodes.map((node) => node.describe().commitIndex));
      // Whichever two are left hold all of it.
      for (const id of IDS)
        await expect.poll(() => nodeOf(id, group).describe().appliedIndex).toBeGreaterThanOrEqual(commitIndex);
    }
    const rule = /must name one of the groups in .*: \.\.m, m\.\./;
    await expect(reset("n1", {})).rejects.toThrow(rule);
    await expect(reset("n1", { groupId: "main" })).rejects.toThrow(rule);
    await expect(reset("n1", { groupId: "..m" })).rejects.toMatchObject({ code: "DirectoryLocked" });
    await expect(forget("n1", { groupId: "..m" })).rejects.toMatchObject({ code: "DirectoryLocked" });
    await stopAll();
  });

  it("M11 M13 G01 each group goes on from the survivor that is chosen for it, and forgets what the other one holds", async () => {
    const survivors: readonly (readonly [Group, string, string])[] = [
      ["..m", "n1", "n2"],
      ["m..", "n2", "n1"],
    ];
    for (const [groupId, survivor, other] of survivors) {
      const confirm = tokenIn(await reset(survivor, { groupId }));
      expect(await reset(survivor, { groupId, confirm })).toMatchObject({ code: 0 });
      const first = await forget(other, { groupId });
      expect(first.said).toMatch(new RegExp(`^${other} holds the log of .* up to \\d+ of term \\d+\\.`));
      expect(await forget(other, { groupId })).toEqual(first);
      const confirmation = tokenIn(await forget(other, { groupId, json: true }));
      expect(await forget(other, { groupId, confirm: "yes" })).toEqual({
        code: 1,
        said: `hexraft: refused: Nothing was erased: the confirmation must be "${confirmation}".`,
      });
      expect(await forget(other, { groupId, confirm: confirmation })).toMatchObject({ code: 0 });
      await expect(forget(other, { groupId })).rejects.toThrow(/must name one of the groups/);
    }
    await Promise.all([serve("n1"), serve("n2")]);
    for (const [group, survivor, other] of survivors) {
      const node = nodeOf(survivor, group);
      // M03: it takes a change once an entry of its own term is committed, and with it the configuration that it goes on from.
      const isSettled = ({ role, commitIndex, last }: NodeDescription) =>
        role === "leader" && commitIndex === last.index;
      await expect.poll(() => isSettled(node.describe())).toBe(true);
      expect(node.describe().configuration.configuration.voters).toEqual([survivor]);
      await node.changeConfiguration({ kind: "addPeers", nodes: [{ id: other, address: addressOf(other) }] });
      const held = async () => {
        const answer = await nodeOf(other, group).read(get(KEYS[group]));
        return Buffer.from(answer.type === "get" ? (answer.value ?? []) : []).toString();
      };
      await expect.poll(held).toBe(`the ${KEYS[group]}`);
    }
  });
});
