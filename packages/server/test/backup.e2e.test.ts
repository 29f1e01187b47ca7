import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import { CommandBatch, LogStorage, StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage } from "@hexraft/storage-file";
import { Container } from "inversify";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Listening } from "../src/serve/start-server.js";
import { nodeArguments } from "./support/serve-process.js";
import { STEADY_MS, ThreeNodes } from "./support/three-nodes.js";

const CALLERS = 16;
const STEADY = { electionTimeoutMs: STEADY_MS };
let old: ThreeNodes;
let young: ThreeNodes;
beforeAll(async () => {
  old = await new ThreeNodes([], STEADY).start();
  young = new ThreeNodes(old.peerPorts, STEADY); // on the machines that the old one had
});
afterAll(async () => {
  await old.stop();
  await young.stop();
});

/** The hash of what a stopped node's log amounts to up to an entry: told by the log itself, and not by any snapshot. */
async function replayed(directory: string, upTo: number): Promise<string> {
  const host = new Container();
  host.load(nodeRuntime(), fileStorage({ directory }), sessions(kvStateMachine()));
  const [log, machine] = [host.get(LogStorage), host.get(StateMachine)];
  await machine.open();
  const drawn = { newDirectoryId: "d".repeat(16), newIncarnation: "a".repeat(16) };
  const { last } = await log.open({ nodeId: "n2", groupId: "main", ...drawn });
  expect(last.index).toBeGreaterThan(upTo);
  for (let next = 1; next <= upTo; ) {
    const blocks = await log.read(next, 1_000_000);
    const end = Math.min(upTo, blocks.at(-1)?.last ?? 0);
    await machine.apply(new CommandBatch(blocks, next, end));
    next = end + 1;
  }
  await log.close();
  return machine.stateHash?.() ?? "";
}

interface Status {
  readonly leader: string | null;
  readonly identity: { readonly clusterId: string; readonly incarnation: string };
}
const clusterOf = ({ identity }: Status): string => identity.clusterId;

/** Over HTTP, by somebody who keeps the name of his session. */
async function openSession(cluster: ThreeNodes, id: string): Promise<number> {
  const response = await cluster.http(id, "/v1/sessions", { method: "POST" });
  return ((await response.json()) as { readonly session: number }).session;
}
async function once(cluster: ThreeNodes, id: string, session: number, sequence: number): Promise<unknown> {
  const headers = { "hexraft-session": `${session}`, "hexraft-sequence": `${sequence}` };
  const response = await cluster.http(id, "/v1/incr/own", { method: "POST", headers });
  const { value, error } = (await response.json()) as { readonly value?: number; readonly error?: string };
  return value ?? `${response.status} ${error}`;
}

const count = (client: HexraftClient): Promise<number> =>
  client.get("n").then((value) => Number(Buffer.from(value ?? []).toString()));

it("F08 M13 T02 a backup in mid-load begins a new cluster that the old one has no part in", async () => {
  const file = join(old.workshop.directory, "mid-load.backup");
  const client = new HexraftClient({ endpoints: old.endpoints, deadlineMs: 30_000 });
  const load = { on: true };
  let done = 0;
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    while (load.on) {
      await Promise.all([client.increment("n"), client.put(`key ${caller}`, "v".repeat(2_000))]);
      done++;
    }
  });
  const passed = (more: number) => {
    const goal = done + more;
    return expect.poll(() => done, { timeout: 40_000 }).toBeGreaterThan(goal);
  };
  await passed(200);
  const before = done;
  const leader = await old.leader();
  const saved = await openSession(old, leader);
  expect(await once(old, leader, saved, 1)).toBe(1);
  const follower = old.ids.find((id) => id !== leader) as string;
  const from = `http://${old.of(follower).listening.http}`;
  const taken = old.workshop.run("backup", file, "--from", from);
  expect([await taken.end(), taken.error]).toEqual([0, expect.stringContaining("whole")]);
  expect(taken.out).toBe("");
  expect(taken.error).toMatch(
    new RegExp(`^${from}: state up to entry \\d+ .* on ${follower}, group main of cluster [0-9a-f]{32}`),
  );
  expect(taken.error).toMatch(/whole, .* in \d+\.\d s\n$/);
  await passed(100); // nobody was held up for good, and the leader is the same
  expect(await old.leader()).toBe(leader);
  const piped = old.workshop.run(
    "backup",
    "-",
    "--leader",
    "--quiet",
    "--from",
    old.ids.map((id) => old.of(id).listening.http).join(","),
  );
  expect([await piped.end(), piped.error]).toEqual([0, ""]);
  expect(piped.out).toContain("HXBK");
  load.on = false;
  await Promise.all(callers);
  client.close();
  const unsaved = await openSession(old, leader);
  expect(await once(old, leader, unsaved, 1)).toBe(2);

  const index = Number(/up to entry (\d+) /.exec(taken.error)?.[1]);
  const was = await old.ask<Status>("n1", "/v1/status");
  await Promise.all(old.ids.map((id) => old.of(id).process.signal("SIGTERM")));
  const hash = await replayed(join(old.workshop.directory, "n2"), index);

  const directory = join(young.workshop.directory, "n1");
  const restoring = ["--new-cluster", "--node-id", "n1", "--data-directory", directory];
  const spoilt = join(young.workshop.directory, "spoilt.backup");
  const bytes = readFileSync(file);
  writeFileSync(spoilt, bytes.subarray(0, bytes.length - 5));
  const refused = young.workshop.run("restore", spoilt, ...restoring);
  expect(await refused.end()).toBe(6);
  expect(refused.error).toContain(
    `hexraft: ${spoilt}: it ends at byte ${bytes.length - 5}, but it should have ${bytes.length} bytes`,
  );
  const restored = young.workshop.run("restore", file, ...restoring);
  expect([await restored.end(), restored.error]).toEqual([0, ""]);
  expect(restored.out).toContain(`its hash is ${hash}.`);
  const twice = young.workshop.run("restore", file, ...restoring);
  expect(await twice.end()).toBe(1);
  expect(twice.error).toContain(
    `this replica holds a state up to entry ${index}; a backup goes into an empty directory`,
  );

  await young.start();
  const is = await young.ask<Status>("n1", "/v1/status");
  expect(clusterOf(is)).not.toBe(clusterOf(was));
  expect(is.identity.incarnation).not.toBe(was.identity.incarnation);
  expect((await young.converged()).hash).toBe(hash);
  const heir = new HexraftClient({ endpoints: young.endpoints, deadlineMs: 30_000 });
  const held = await count(heir);
  expect(held).toBeGreaterThanOrEqual(before);
  expect(await heir.increment("n")).toBe(BigInt(held) + 1n); // and goes on writing
  expect((await young.converged()).index).toBeGreaterThan(index);
  // C03 C04: a session that the backup holds goes on; one that was opened later is refused by its name.
  const led = await young.leader();
  expect([await once(young, led, saved, 1), await once(young, led, unsaved, 1)]).toEqual([1, "410 SessionExpired"]);
  expect(await once(young, led, saved, 2)).toBe(2);

  // A node of the old cluster comes back where one of the new cluster is expected.
  await young.of("n3").process.signal("SIGKILL");
  const port = young.peerPorts[2] as number;
  const stray = young.workshop.run(...nodeArguments(old.workshop.directory, "n3", port, `n3=127.0.0.1:${port}`));
  const { http } = (await stray.ready) as Required<Listening>;
  const refusal = `belongs to cluster ${clusterOf(was)}, and this node to ${clusterOf(is)}`;
  await expect.poll(() => young.of("n1").process.out).toContain(refusal);
  expect(await heir.increment("n")).toBe(BigInt(held) + 2n);
  const status = (await (await fetch(`http://${http}/v1/status`)).json()) as Status;
  expect([clusterOf(status), status.leader]).toEqual([clusterOf(was), null]);
  await stray.signal("SIGTERM");
  heir.close();
  await young.startOne("n3");
  await young.converged();
});
