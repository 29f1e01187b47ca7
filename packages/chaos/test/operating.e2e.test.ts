import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ClusterAdmin, HexraftClient, valueOf } from "@hexraft/client";
import type { Survivor } from "@hexraft/core";
import { freePorts } from "@hexraft/testing/proxy";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Journal, Registers } from "../src/index.js";
import { ServedNode } from "../src/served-node.js";

const MAIN = fileURLToPath(new URL("../../server/dist/main.js", import.meta.url));
const IDS = ["n1", "n2", "n3", "n4", "n5", "n6", "n7"] as const;
const CALLERS = 6;
/** T of the nodes, ms: up to five processes and their clients on one busy machine. */
const ELECTION_TIMEOUT_MS = 1_500;
/** Small enough that newcomers are sent snapshots. */
const SNAPSHOT_EVERY = 300;
const PACE_MS = 5;

let directory: string;
let nodes: ServedNode[];
let ports: { readonly peer: number; readonly client: number }[];
let admin: ClusterAdmin;
let client: HexraftClient;
const endedByThemselves: string[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
  const free = await freePorts(2 * IDS.length);
  ports = IDS.map((_id, at) => ({ peer: free[2 * at] as number, client: free[2 * at + 1] as number }));
  nodes = IDS.map(
    (id) =>
      new ServedNode(
        id,
        directory,
        () => flagsOf(id),
        () => {},
        (how) => void endedByThemselves.push(how),
      ),
  );
  const endpoints = ports.map((each) => ({ host: "127.0.0.1", port: each.client }));
  admin = new ClusterAdmin({ endpoints, changeDeadlineMs: 30_000 });
  client = new HexraftClient({ endpoints, deadlineMs: 40_000, connectTimeoutMs: 500 });
});
afterEach(async () => {
  admin.close();
  client.close();
  await Promise.all(nodes.map((node) => node.kill()));
  rmSync(directory, { recursive: true, force: true });
});

const at = (id: string): number => IDS.indexOf(id as "n1");
const addressOf = (id: string): string => `127.0.0.1:${ports[at(id)]?.peer}`;
const nodeOf = (id: string): ServedNode => nodes[at(id)] as ServedNode;
const named = (...ids: readonly string[]) => ids.map((id) => ({ id, address: addressOf(id) }));
const start = (...ids: readonly string[]) => Promise.all(ids.map((id) => nodeOf(id).start()));

function flagsOf(id: string): string[] {
  const founding = id === "n1" ? ["--bootstrap", `n1=${addressOf("n1")}`] : [];
  const times = ["--election-timeout", `${ELECTION_TIMEOUT_MS}`, "--snapshot-every", `${SNAPSHOT_EVERY}`];
  return ["--listen", addressOf(id), "--client", `${ports[at(id)]?.client}`, ...times, ...founding];
}

/** `hexraft admin …` as operators type it. */
async function hexraftAdmin(...args: readonly string[]) {
  const env = { ...process.env, HEXRAFT_CLUSTER: ports.map((each) => `127.0.0.1:${each.client}`).join(",") };
  const child = spawn(process.execPath, [MAIN, "admin", ...args], { env });
  const said = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.error += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...said };
}

const voters = async () => {
  const { members } = valueOf(await admin.getPeers());
  return members.filter(({ part }) => part === "voter").map(({ id }) => id);
};

/** Waits until these have the same state at the same index. */
const converged = (...ids: readonly string[]) =>
  expect
    .poll(
      async () =>
        new Set((await Promise.all(ids.map((id) => nodeOf(id).stateHash()))).map((each) => JSON.stringify(each))).size,
    )
    .toBe(1);

/** Callers who read and write the same few keys, and a journal of writes that must all be there in the end. */
class Load {
  readonly journal = new Journal();
  private readonly registers = new Registers(4, { operationsMax: 300, unknownMax: 4 }, () => Math.random());
  private readonly auditor = { name: "auditor", client, deadlineMs: 40_000 };
  private running: Promise<void>[] = [];
  private isOn = false;
  answered = 0;

  begin(): void {
    this.isOn = true;
    this.running = Array.from({ length: CALLERS }, (_, caller) => this.call(`caller ${caller}`));
  }

  async pause(): Promise<void> {
    this.isOn = false;
    await Promise.all(this.running);
    await this.registers.settle(this.auditor);
  }

  /** Goes on until that many more operations were answered. */
  async passed(more: number): Promise<void> {
    const goal = this.answered + more;
    await expect.poll(() => this.answered, { timeout: 40_000 }).toBeGreaterThanOrEqual(goal);
  }

  /** What cannot be explained, and what is not there any more. */
  async verdict() {
    this.registers.finish();
    while ((await this.registers.settle(this.auditor)) > 0);
    const { contradictions, undecided, checked } = this.registers.findings;
    return { contradictions, undecided, checked, lost: await this.journal.lost(client) };
  }

  private async call(name: string): Promise<void> {
    for (let turn = 1; this.isOn; turn++) {
      const isDone =
        turn % 5 === 0
          ? await this.journal.write(client, 40_000)
          : await this.registers.turn({ name, client, deadlineMs: 40_000 }, `${name} ${turn} ${this.answered}`);
      if (isDone) this.answered++;
      await sleep(PACE_MS);
    }
  }
}

it("I15 I16 M07 M11 M13 E21 a cluster grows from one to five, has two replaced at once, shrinks, is led by another, loses one, then its majority: nothing is lost", async () => {
  const load = new Load();
  await start("n1");
  await expect.poll(async () => (await admin.getLeader({ deadlineMs: 2_000 })).outcome).toBe("ok");
  load.begin();
  await load.passed(100);

  await start("n2", "n3");
  const { configurationIndex, text } = valueOf(await admin.plan({ kind: "addPeers", nodes: named("n2", "n3") }));
  expect(text).toContain("joint: a quorum of [n1] and a quorum of [n1, n2, n3] must agree");
  valueOf(await admin.addPeers(named("n2", "n3"), { expectedIndex: configurationIndex }));
  expect(await voters()).toEqual(["n1", "n2", "n3"]);
  await load.passed(100);

  await start("n4", "n5");
  const grown = await hexraftAdmin(
    "add-peer",
    ...named("n4", "n5").map(({ id, address }) => `${id}=${address}`),
    "--json",
  );
  expect({ ...grown, out: "" }).toEqual({ code: 0, out: "", error: "" });
  expect(JSON.parse(grown.out)).toMatchObject({ outcome: "ok", value: { members: [{}, {}, {}, {}, {}] } });
  await load.passed(100);

  await start("n6", "n7");
  valueOf(await admin.changePeers(named("n1", "n2", "n3", "n6", "n7")));
  await Promise.all(["n4", "n5"].map((id) => nodeOf(id).kill()));
  await load.passed(100);

  // Two of the first three leave, maybe with the leader among them.
  valueOf(await admin.changePeers(named("n3", "n6", "n7")));
  await Promise.all(["n1", "n2"].map((id) => nodeOf(id).kill()));
  await expect.poll(voters).toEqual(["n3", "n6", "n7"]);
  await load.passed(100);

  const before = valueOf(await admin.getLeader());
  const next = ["n6", "n7"].find((id) => id !== before) as string;
  valueOf(await admin.transferLeader(next));
  await expect.poll(async () => valueOf(await admin.getLeader())).toBe(next);
  await load.passed(100);
  await nodeOf(next).kill();
  await load.passed(100);
  await expect.poll(async () => valueOf(await admin.getAlivePeers())).not.toContain(next);
  await start(next);
  await load.passed(100);
  await load.pause();
  await converged("n3", "n6", "n7");

  // Two disks are gone. What is left knows what it holds, and what it cannot know.
  await Promise.all(["n3", "n6", "n7"].map((id) => nodeOf(id).kill()));
  for (const id of ["n6", "n7"]) rmSync(join(directory, id), { recursive: true });
  const times = ["--election-timeout", `${ELECTION_TIMEOUT_MS}`];
  const reset = ["reset-peers", "--data-directory", join(directory, "n3"), ...times, "--json"];
  const first = await hexraftAdmin(...reset);
  const survivor = (JSON.parse(first.out) as { value: Survivor }).value;
  expect(survivor).toMatchObject({ nodeId: "n3", recoveryNumber: 0 });
  expect(await hexraftAdmin(...reset, "--confirm", "yes")).toMatchObject({
    code: 1,
    out: expect.stringContaining("the confirmation must be"),
  });
  expect(await hexraftAdmin(...reset, "--confirm", survivor.confirmation)).toMatchObject({ code: 0 });
  await start("n3", "n6", "n7");
  load.begin();
  await load.passed(100);
  valueOf(await admin.addPeers(named("n6", "n7")));
  await load.passed(100);
  await load.pause();
  await converged("n3", "n6", "n7");

  const { checked, ...verdict } = await load.verdict();
  expect(verdict).toEqual({ contradictions: [], undecided: 0, lost: 0 });
  expect(checked).toBeGreaterThanOrEqual(4);
  expect(endedByThemselves).toEqual([]);
}, 180_000);
