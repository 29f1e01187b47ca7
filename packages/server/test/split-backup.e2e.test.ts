import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HexraftClient, keyRanges } from "@hexraft/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runRestore } from "../src/backup/run-restore.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { runInspect } from "../src/inspect/run-inspect.js";
import type { Listening } from "../src/serve/start-server.js";
import { nodeArguments } from "./support/serve-process.js";
import { ThreeNodes, until } from "./support/three-nodes.js";

const SPLIT_AT = "g,n,t";
const GROUPS = keyRanges(SPLIT_AT.split(",")).map(({ group }) => group);
/** A counter and a letter of each group. */
const LETTERS = ["a", "h", "o", "u"];
const FLAGS = { flags: ["--split-at", SPLIT_AT] };

let old: ThreeNodes;
let young: ThreeNodes;
let folder: string;
beforeAll(async () => {
  old = await new ThreeNodes([], FLAGS).start();
  young = new ThreeNodes(old.peerPorts, FLAGS); // on the machines that the old one had
  folder = join(old.workshop.directory, "monday");
});
afterAll(async () => {
  await old.stop();
  await young.stop();
});

const run = async (...args: readonly string[]) => {
  const process = young.workshop.run(...args);
  const code = await process.end();
  return { code, out: process.out, error: process.error };
};
const clientsOf = (cluster: ThreeNodes) =>
  GROUPS.map((group) => new HexraftClient({ endpoints: cluster.endpoints, group, deadlineMs: 60_000 }));
const count = async (client: HexraftClient, letter: string): Promise<number> =>
  Number(Buffer.from((await client.get(`${letter}-count`)) ?? []).toString());
interface Status {
  readonly identity: { readonly clusterId: string; readonly incarnation: string };
}
const identitiesOf = (cluster: ThreeNodes) =>
  Promise.all(GROUPS.map(async (group) => (await cluster.ask<Status>("n1", `/v1/status?group=${group}`)).identity));

it("F08 M13 T02 a service is saved whole in mid-load, a leader being killed, and begins anew with all its ranges", async () => {
  const clients = clientsOf(old);
  const load = { on: true };
  const done = GROUPS.map(() => 0);
  const callers = clients.map(async (client, at) => {
    while (load.on) {
      const key = `${LETTERS[at]}-${done[at]}`;
      await Promise.all([client.increment(`${LETTERS[at]}-count`), client.put(key, key.repeat(200))]);
      (done[at] as number)++;
    }
  });
  const passed = (more: number) => {
    const goals = done.map((each) => each + more);
    return until(
      "more of every range",
      async () => (done.every((each, at) => each > (goals[at] as number)) ? true : undefined),
      60_000,
    );
  };
  await passed(50);
  const before = [...done];
  const victim = (await old.leaders()).get("n..t") as string;
  const others = old.ids.filter((id) => id !== victim);
  await old.of(victim).process.signal("SIGKILL");
  const from = old.ids.map((id) => old.of(id).listening.http).join(",");
  const taken = await run("backup", folder, "--from", from);
  expect(taken).toMatchObject({ code: 0, out: "" });
  for (const [at, group] of GROUPS.entries())
    expect(taken.error).toMatch(
      new RegExp(`range ${at + 1} of 4, ${group}\\n(?:.*\\n)*?.*state up to entry .* group ${group} of`),
    );
  expect(taken.error).toMatch(/all 4 ranges, .*; the instants that they are of lie within \d+\.\d s\n$/);
  const after = [...done];
  await passed(20);
  load.on = false;
  await Promise.all(callers);
  for (const client of clients) client.close();
  await old.startOne(victim);
  await old.leaders();
  const was = await identitiesOf(old);
  await Promise.all(old.ids.map((id) => old.of(id).process.signal("SIGKILL")));
  expect(others).toHaveLength(2);

  const home = join(young.workshop.directory, "n1");
  const restored = await run("restore", folder, "--new-cluster", "--node-id", "n1", "--data-directory", home);
  expect(restored).toMatchObject({ code: 0, error: "" });
  for (const group of GROUPS) expect(restored.out).toMatch(new RegExp(`n1 holds the state up to .* group ${group} of`));
  expect(restored.out).toContain(`hexraft serve --split-at ${SPLIT_AT} --node-id n1 --data-directory ${home} `);
  const twice = await run("restore", folder, "--new-cluster", "--node-id", "n1", "--data-directory", home);
  expect(twice).toMatchObject({ code: 1, error: expect.stringMatching(/n1 is not empty, there is .*identity/) });

  await young.start();
  await young.leaders();
  const is = await identitiesOf(young);
  expect(new Set(is.map(({ clusterId }) => clusterId)).size).toBe(1);
  expect(is.every(({ clusterId }) => was.every((each) => each.clusterId !== clusterId))).toBe(true);
  expect(new Set([...is, ...was].map(({ incarnation }) => incarnation)).size).toBe(8);
  const heirs = clientsOf(young);
  for (const [at, heir] of heirs.entries()) {
    const letter = LETTERS[at] as string;
    const held = await count(heir, letter);
    // All that was acknowledged before, and nothing that began afterwards.
    expect([letter, held >= (before[at] as number), held <= (after[at] as number) + 1]).toEqual([letter, true, true]);
    for (let i = 0; i < (before[at] as number); i++)
      expect(Buffer.from((await heir.get(`${letter}-${i}`)) ?? []).toString()).toBe(`${letter}-${i}`.repeat(200));
    expect(await heir.increment(`${letter}-count`)).toBe(BigInt(held) + 1n); // and goes on writing
  }
  for (const heir of heirs) heir.close();

  // A node of the old service comes back where one of the new is expected.
  await young.of("n3").process.signal("SIGKILL");
  const port = young.peerPorts[2] as number;
  const stray = young.workshop.run(...nodeArguments(old.workshop.directory, "n3", port), ...FLAGS.flags);
  const { http } = (await stray.ready) as Required<Listening>;
  const refusal = `belongs to cluster ${was[0]?.clusterId}, and this node to ${is[0]?.clusterId}`;
  await expect.poll(() => young.of("n1").process.out).toContain(refusal);
  expect((await fetch(`http://${http}/v1/kv/a-count`)).status).toBe(503);
  await stray.signal("SIGTERM");
  await young.startOne("n3");
  await young.leaders();
});

it("F08 a part that is missing, damaged or of another backup is refused by its name, and nothing is made of the others", async () => {
  const dataDirectory = join(young.workshop.directory, "m1");
  /** The exit code, and what is said. */
  const restoring = async (file: string, more: object): Promise<readonly [number, string]> => {
    const order = { file, dryRun: false, newCluster: true, nodeId: "m1", groupId: undefined, dataDirectory, ...more };
    const said: string[] = [];
    try {
      await runRestore(order, (line) => said.push(line));
      return [0, said.join("\n")];
    } catch (error) {
      return [exitCodeOf(error), (error as Error).message];
    }
  };
  const spoilt = join(young.workshop.directory, "spoilt");
  const part = join(spoilt, "part-003.backup");
  const manifest = join(spoilt, "manifest.json");
  const bytes = readFileSync(join(folder, "part-003.backup"));
  const text = readFileSync(join(folder, "manifest.json"), "utf8");
  for (const [what, spoil, why] of [
    ["missing", () => rmSync(part), /part-003.backup is not there, which holds the range n\.\.t; fetch it again/],
    [
      "cut",
      () => writeFileSync(part, bytes.subarray(0, bytes.length - 5)),
      /part-003.backup: it ends at byte \d+, but/,
    ],
    [
      "a bit",
      () => writeFileSync(part, Buffer.from(bytes).fill(1, 400, 401)),
      /part-003.backup: bytes 232–\d+: checksum/,
    ],
    [
      "foreign",
      () => copyFileSync(join(folder, "part-002.backup"), part),
      /part-003.backup: it is whole, but not the part of the range n\.\.t .* group g\.\.n of/,
    ],
    ["no manifest", () => rmSync(manifest), /manifest.json is not there, which names the parts/],
    [
      "a manifest's bit",
      () => writeFileSync(manifest, text.replace('"t"', '"u"')),
      /manifest.json: checksum mismatch; fetch/,
    ],
    ["no JSON", () => writeFileSync(manifest, text.slice(5)), /manifest.json: it is no JSON/],
    ["another's", () => writeFileSync(manifest, '"hello"'), /manifest.json: it is not what `hexraft backup` writes/],
  ] as const) {
    cpSync(folder, spoilt, { recursive: true });
    spoil();
    for (const dryRun of [true, false])
      expect([what, ...(await restoring(spoilt, { dryRun }))]).toEqual([what, 6, expect.stringMatching(why)]);
    expect(readdirSync(young.workshop.directory)).not.toContain("m1");
    rmSync(spoilt, { recursive: true });
  }
  expect(await restoring(folder, { dryRun: true })).toEqual([
    0,
    expect.stringMatching(/is whole: 4 ranges, split at g, n, t\n {2}part-001/),
  ]);
  expect(await restoring(folder, { groupId: "g..n" })).toEqual([
    2,
    expect.stringContaining("name the file in it that holds the group"),
  ]);
});

it("F08 G01 a restored node is not started with other split points, nor one whose restore was interrupted", async () => {
  const home = join(young.workshop.directory, "m2");
  const restoring = ["restore", folder, "--new-cluster", "--node-id", "m2", "--data-directory", home];
  expect((await run(...restoring)).code).toBe(0);
  const looks: string[] = [];
  expect(await runInspect({ directory: home, json: false }, (text) => looks.push(text))).toBe(0);
  expect(looks.join().match(/no entries after \d+, committed/g)).toHaveLength(4);
  const args = nodeArguments(young.workshop.directory, "m2", 0);
  const other = await run(...args, "--split-at", "g,n,s");
  expect(other).toMatchObject({ code: 2, error: expect.stringMatching(/splitAt .* must split the keys as .*n\.\.t/) });
  expect((await run(...args)).error).toContain("holds the log that many groups share");
  rmSync(home, { recursive: true });
  // A part becomes unreadable while it is being restored, when the one before it is there.
  const failing = join(young.workshop.directory, "failing");
  cpSync(folder, failing, { recursive: true });
  const order = {
    file: failing,
    dryRun: false,
    newCluster: true,
    nodeId: "m2",
    groupId: undefined,
    dataDirectory: home,
  };
  await expect(runRestore(order, () => rmSync(failing, { recursive: true, force: true }))).rejects.toThrow(/part-002/);
  const why =
    /m2 holds a part of a backup: its restore goes on, or did not come to its end; empty it, and restore once more/;
  for (const half of [await run(...args, ...FLAGS.flags), await run(...restoring)])
    expect(half).toMatchObject({ code: 6, error: expect.stringMatching(why) });
});

it("F08 O05 a folder is replaced on demand, and only another backup's; a whole service does not fit into a pipe", async () => {
  const from = young.ids.map((id) => young.of(id).listening.http).join(",");
  const there = await run("backup", folder, "--from", from);
  expect(there).toMatchObject({ code: 2, error: expect.stringMatching(/must not be there yet.*--force/) });
  expect(await run("backup", folder, "--from", from, "--force", "--quiet")).toEqual({ code: 0, out: "", error: "" });
  const names = ["manifest.json", ...GROUPS.map((_, at) => `part-00${at + 1}.backup`)];
  expect(readdirSync(folder)).toEqual(names);
  writeFileSync(join(folder, "mine.txt"), "mine");
  const mixed = await run("backup", folder, "--from", from, "--force");
  expect(mixed).toMatchObject({ code: 2, error: expect.stringContaining("must hold a backup and nothing else") });
  expect(readdirSync(folder)).toEqual(["manifest.json", "mine.txt", ...names.slice(1)]);
  const piped = await run("backup", "-", "--from", from);
  expect(piped).toMatchObject({ code: 2, error: expect.stringContaining("there are the groups ..g, g..n, n..t, t..") });
  expect(readdirSync(join(folder, ".."))).not.toContainEqual(expect.stringMatching(/\.monday\./));
});
