import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backup, BackupAbout, NodeDescription } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runBackup } from "../src/backup/run-backup.js";
import { runRestore } from "../src/backup/run-restore.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { Groups } from "../src/groups/groups.js";
import type { ServedGroup } from "../src/groups/served-group.js";
import { HttpFront } from "../src/http/http-server.js";
import { parseDoors } from "../src/operator/http-door.js";
import { deskOf } from "./support/administered.js";
import { LocalKv } from "./support/local-kv.js";
import { backupFile } from "./support/made-up-backup.js";

const NOBODY = { credentials: undefined, ca: undefined };
let directory: string;
let port: number;
let front: HttpFront;
/** What each group has in store; the last one is given again. */
let files: Record<string, (Buffer | RaftError)[]>;

const groupOf = (id: string): ServedGroup => ({
  id,
  kv: new LocalKv(),
  admin: deskOf(),
  describe: () => ({ role: "leader" }) as unknown as NodeDescription,
  explain: () => ({ nodeId: "n1", findings: [], text: "" }),
  stateHash: () => Promise.reject(new Error("not asked")),
  backup: async (): Promise<Backup> => {
    const [next, ...more] = files[id] ?? [];
    if (next === undefined || next instanceof RaftError) {
      files[id] = more;
      throw next ?? new Error(`${id} has nothing`);
    }
    const bytes = (async function* () {
      yield next;
    })();
    return { about: { groupId: id, id: { index: 7, term: 2 } } as BackupAbout, sizeBytes: next.length, bytes };
  },
});
const open = async (...ids: [string, ...string[]]) => {
  const [first, ...more] = ids.map(groupOf) as [ServedGroup, ...ServedGroup[]];
  const groups = new Groups([first, ...more]);
  front = new HttpFront({ kv: new LocalKv(), admin: deskOf(), groups, scrape: () => Promise.reject(new Error("no")) });
  port = (await front.start({ host: "127.0.0.1", port: 0 })).port;
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-backup-"));
  files = { "..g": [backupFile(300_000, "..g")], "g..": [backupFile(10, "g..")] };
});
afterEach(async () => {
  await front.stop();
  rmSync(directory, { recursive: true });
});

const folder = () => join(directory, "monday");
/** The exit code and the message that something ends with. */
const ending = (work: Promise<unknown>): Promise<readonly [number, string]> =>
  work.then(
    () => [0, ""] as const,
    (error: Error) => [exitCodeOf(error), error.message] as const,
  );
const backup = (more: object = {}) => {
  const doors = parseDoors(`127.0.0.1:${port}`, NOBODY);
  const how = { doors, who: NOBODY, consistency: "linearizable", leader: false, overwrite: false, quiet: true };
  return ending(runBackup({ file: folder(), ...how, ...more }));
};
const dryRun = async () => {
  const said: string[] = [];
  const nothing = { newCluster: false, nodeId: undefined, groupId: undefined, dataDirectory: undefined };
  return [await ending(runRestore({ file: folder(), dryRun: true, ...nothing }, (line) => said.push(line))), said];
};

it("F08 every range is a file as that of one group, in whatever order the groups are named, under a manifest", async () => {
  await open("g..", "..g");
  expect(await backup()).toEqual([0, ""]);
  expect(readdirSync(folder())).toEqual(["manifest.json", "part-001.backup", "part-002.backup"]);
  expect(readFileSync(join(folder(), "part-002.backup")).equals(backupFile(10, "g.."))).toBe(true);
  const manifest = JSON.parse(readFileSync(join(folder(), "manifest.json"), "utf8")) as object;
  expect(manifest).toMatchObject({
    format: "hexraft service backup",
    version: 1,
    splitAt: ["g"],
    parts: [
      { file: "part-001.backup", groupId: "..g", id: { index: 7, term: 2 }, streamBytes: 300_000 },
      { file: "part-002.backup", groupId: "g..", clusterId: "c".repeat(32), nodeId: "n1" },
    ],
    checksum: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
  expect(await dryRun()).toEqual([[0, ""], [expect.stringContaining("is whole: 2 ranges, split at g\n")]]);
  // Whoever writes it anew for people has changed nothing.
  writeFileSync(join(folder(), "manifest.json"), JSON.stringify(manifest));
  expect(await dryRun()).toEqual([[0, ""], [expect.stringContaining("is whole")]]);
  writeFileSync(join(folder(), "manifest.json"), JSON.stringify({ ...manifest, splitAt: ["h"] }));
  expect(await dryRun()).toEqual([[6, expect.stringMatching(/manifest.json: checksum mismatch/)], []]);
  writeFileSync(join(folder(), "manifest.json"), JSON.stringify(manifest));
  // Of the same range, and of another time.
  writeFileSync(join(folder(), "part-002.backup"), backupFile(11, "g.."));
  expect(await dryRun()).toEqual([
    [6, expect.stringMatching(/part-002.backup: it is whole, but not the part of the range g\.\. that manifest.json/)],
    [],
  ]);
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  writeFileSync(join(folder(), "manifest.json"), JSON.stringify({ ...manifest, splitAt: 7 }).replace("7", deep));
  expect(await dryRun()).toEqual([[6, expect.stringMatching(/manifest.json: it is no JSON; fetch/)], []]);
  writeFileSync(join(folder(), "manifest.json"), JSON.stringify({ ...manifest, version: 2 }));
  expect(await dryRun()).toEqual([
    [6, expect.stringMatching(/manifest.json: it has format 2, and .* reads format 1/)],
    [],
  ]);
});

it("F08 a range that no node can give for the moment is asked for again; any other refusal ends it, and nothing is kept", async () => {
  await open("..g", "g..");
  const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  files["g.."]?.unshift(
    new RaftError("NotLeader", "refused", "no leader"),
    new RaftError("NotLeader", "refused", "no leader"),
    new RaftError("Overloaded", "refused", "busy"),
  );
  expect(await backup({ quiet: false })).toEqual([0, ""]);
  const again = told.mock.calls.map(String).filter((line) => line.includes("It is asked for again for up to 30 s."));
  told.mockRestore();
  expect(again).toEqual([expect.stringContaining("no leader"), expect.stringContaining("busy")]); // not each time anew
  files["g.."]?.unshift(new RaftError("SnapshotFailed", "refused", "the disk is full"));
  expect(await backup({ overwrite: true })).toEqual([1, expect.stringContaining("the disk is full")]);
  expect(await dryRun()).toEqual([[0, ""], [expect.stringContaining("is whole")]]);
  files["g.."] = [backupFile(10, "g..").fill(0, 240, 242)];
  expect(await backup({ overwrite: true })).toEqual([6, expect.stringContaining("no whole backup: bytes 232")]);
  expect(readdirSync(directory)).toEqual(["monday"]);
});

it("F08 T02 ranges of two clusters are not one service, nor are groups that leave keys out", async () => {
  await open("..g", "g..");
  files["g.."] = [backupFile(10, "g..", "d".repeat(32))];
  expect(await backup()).toEqual([
    2,
    expect.stringMatching(/g\.\. came from n1 of cluster ddd.* \.\.g .*ccc.*name nodes of one/),
  ]);
  await front.stop();
  await open("..g", "n..");
  expect(await backup()).toEqual([2, expect.stringContaining("must name all ranges that some keys are split into")]);
  expect(readdirSync(directory)).toEqual([]);
});
