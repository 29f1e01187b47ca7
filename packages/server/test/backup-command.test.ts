import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeDescription } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsOf } from "../src/access/credentials.js";
import { runBackup } from "../src/backup/run-backup.js";
import { runRestore } from "../src/backup/run-restore.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { Groups } from "../src/groups/groups.js";
import { DEFAULT_HTTP_LIMITS, HttpFront } from "../src/http/http-server.js";
import { parseDoors } from "../src/operator/http-door.js";
import { deskOf } from "./support/administered.js";
import { LocalKv } from "./support/local-kv.js";
import { backupFile, madeUpBackup } from "./support/made-up-backup.js";
import { RawClient } from "./support/raw-client.js";

let directory: string;
let front: HttpFront;
let port: number;
let asked: string[];
let role: string;
let give: () => ReturnType<typeof madeUpBackup> | Promise<ReturnType<typeof madeUpBackup>>;

/** A node's door, at which a reader that takes nothing for so long is hung up on. */
async function open(arrivalTimeoutMs: number): Promise<void> {
  front = new HttpFront(
    {
      kv: new LocalKv(),
      admin: deskOf(),
      groups: new Groups([
        {
          id: "main",
          kv: new LocalKv(),
          admin: deskOf(),
          describe: () => ({ role }) as unknown as NodeDescription,
          explain: () => ({ nodeId: "n1", findings: [], text: "" }),
          stateHash: () => Promise.reject(new Error("not asked")),
          backup: async ({ consistency }) => {
            asked.push(String(consistency));
            return give();
          },
        },
      ]),
      scrape: async () => ({ type: "text/plain", body: "hexraft_term 3\n" }),
    },
    { ...DEFAULT_HTTP_LIMITS, backupsMax: 2, arrivalTimeoutMs },
  );
  port = (await front.start({ host: "127.0.0.1", port: 0 })).port;
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-backup-"));
  asked = [];
  role = "follower";
  give = () => madeUpBackup(1_000_000);
  await open(DEFAULT_HTTP_LIMITS.arrivalTimeoutMs);
});
afterEach(async () => {
  await front.stop();
  rmSync(directory, { recursive: true });
});

const NOBODY = { credentials: undefined, ca: undefined };
const file = () => join(directory, "monday.backup");
const order = (more: object = {}) => ({
  file: file(),
  doors: parseDoors(`127.0.0.1:${port}`, NOBODY),
  who: NOBODY,
  consistency: "linearizable",
  leader: false,
  overwrite: false,
  quiet: true,
  ...more,
});
/** The exit code and the message that something ends with. */
const failing = (work: Promise<unknown>): Promise<readonly [number, string]> =>
  work.then(
    () => [0, ""] as const,
    (error: Error) => [exitCodeOf(error), error.message] as const,
  );
const refusal = (work: () => unknown): string => {
  try {
    work();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};
const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
const BACKUP = "/v1/admin/backup";

describe("GET /v1/admin/backup", () => {
  /** More than sockets hold. */
  const large = {
    ...madeUpBackup(10),
    sizeBytes: 50_000_000,
    bytes: {
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < 500; i++) yield new Uint8Array(100_000);
      },
    },
  };

  it("F08 streams the backup, and says how long it is and what to call it", async () => {
    const response = await get(`${BACKUP}?consistency=local`);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.equals(backupFile(1_000_000))).toBe(true);
    expect(response.headers.get("content-length")).toBe(`${body.length}`);
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="hexraft-main-7.backup"');
    expect(asked).toEqual(["local"]);
  });

  it("F08 only so many are read at once; one that ends, or whose reader goes, makes room", async () => {
    give = () => large;
    const [first, second] = await Promise.all([RawClient.to(port), RawClient.to(port)]);
    for (const reader of [first, second]) {
      reader.socket.pause();
      reader.say(`GET ${BACKUP} HTTP/1.1\r\nhost: x\r\n\r\n`);
    }
    await expect.poll(() => asked.length).toBe(2);
    const third = await get(BACKUP);
    expect([third.status, third.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await third.json()).toMatchObject({ outcome: "refused", message: expect.stringContaining("backupsMax") });
    first.socket.destroy();
    give = () => madeUpBackup(10);
    await expect.poll(async () => (await get(BACKUP)).status).toBe(200);
    second.socket.destroy();
  });

  it("F08 T07 a reader that takes nothing is hung up on, and makes room", async () => {
    await front.stop();
    await open(200);
    give = () => large;
    const silent = await RawClient.to(port);
    silent.socket.pause();
    silent.say(`GET ${BACKUP} HTTP/1.1\r\nhost: x\r\n\r\n`);
    const other = await RawClient.to(port);
    other.socket.pause();
    other.say(`GET ${BACKUP} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await expect.poll(() => asked.length).toBe(2);
    give = () => madeUpBackup(10);
    await expect.poll(async () => (await get(BACKUP)).status).toBe(200);
    const gone = once(silent.socket, "close");
    silent.socket.resume();
    await gone;
    other.socket.destroy();
  });

  it("F08 what cannot be asked, or cannot be given, is told, and makes room", async () => {
    expect((await get(BACKUP, { method: "HEAD" })).status).toBe(405);
    expect((await get(BACKUP, { method: "POST" })).status).toBe(405);
    expect((await get(`${BACKUP}?consistency=lease`)).status).toBe(400);
    expect((await get(`${BACKUP}?leader=1`)).status).toBe(400);
    give = () => Promise.reject(new RaftError("NotLeader", "refused", "no leader"));
    for (let i = 0; i < 3; i++) expect((await get(BACKUP)).status).toBe(503);
    give = () => madeUpBackup(10);
    expect((await get(BACKUP)).status).toBe(200);
  });
});

describe("hexraft backup", () => {
  it("F08 keeps every byte, under its name only when it is whole", async () => {
    await runBackup(order());
    expect(readFileSync(file()).equals(backupFile(1_000_000))).toBe(true);
    expect(readdirSync(directory)).toEqual(["monday.backup"]);
    const [code, why] = await failing(runBackup(order()));
    expect([code, why]).toEqual([2, expect.stringMatching(/monday.backup.*must not be there yet.*--force/)]);
    give = () => madeUpBackup(10);
    await runBackup(order({ overwrite: true }));
    expect(readFileSync(file()).equals(backupFile(10))).toBe(true);
  });

  it.each([
    ["is cut", (bytes: Buffer) => bytes.subarray(0, 600_000), 1, /broke off after \d+ of 1000248 bytes/],
    [
      "is spoilt",
      (bytes: Buffer) => Buffer.from(bytes).fill(0, 500_000, 500_010),
      6,
      /no whole backup: bytes 262380–524527: checksum mismatch/,
    ],
    [
      "is something else",
      (bytes: Buffer) => Buffer.alloc(bytes.length, "x"),
      6,
      /no whole backup: byte 0: it does not begin/,
    ],
  ])("F08 what %s on the way is not kept", async (_what, spoil, code, why) => {
    give = () => madeUpBackup(1_000_000, spoil);
    expect(await failing(runBackup(order()))).toEqual([code, expect.stringMatching(why)]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("F08 asks one node after the other, or the leader alone, and says why none gave it", async () => {
    const nobody = "127.0.0.1:1";
    await runBackup(order({ doors: parseDoors(`${nobody},127.0.0.1:${port}`, NOBODY) }));
    const alone = await failing(runBackup(order({ overwrite: true, leader: true })));
    expect(alone).toEqual([1, expect.stringMatching(/No node gave a backup: http:\/\/127.*does not lead/)]);
    role = "leader";
    await runBackup(order({ overwrite: true, leader: true }));
    give = () => Promise.reject(new RaftError("SnapshotFailed", "refused", "the disk is full"));
    const [code, why] = await failing(
      runBackup(order({ overwrite: true, doors: parseDoors(`${nobody},127.0.0.1:${port}`, NOBODY) })),
    );
    expect(code).toBe(1);
    expect(why).toMatch(/:1 cannot be asked: .*ECONNREFUSED.*answers 500: the disk is full/);
    expect(readFileSync(file()).equals(backupFile(1_000_000)), "the one before is still there").toBe(true);
  });

  it.each(["", "host:port", "ftp://h:1", "http://h:1/path", "http://u@h:1", "http://u:secret@h:1", "h:1,,h:2"])(
    "F08 O05 --from %j is refused with what is meant, and without a secret",
    (given) => {
      const why = refusal(() => parseDoors(given, NOBODY));
      expect(why).toMatch(/^--from is .*must (?:list the HTTP doors|not hold a password)/);
      expect(why).not.toContain("secret@");
    },
  );

  it("F08 O05 a user without a password, a password without a user, a file or a directory that is not there", async () => {
    expect(refusal(() => credentialsOf("ops", undefined))).toMatch(/--user is "ops".*HEXRAFT_PASSWORD/);
    expect(refusal(() => credentialsOf(undefined, "/x"))).toMatch(/--password-file is "\/x"/);
    expect(refusal(() => credentialsOf("ops", join(directory, "none")))).toMatch(/must be a file that can be read/);
    writeFileSync(join(directory, "password"), "s3cret\r\nother");
    expect(credentialsOf("ops", join(directory, "password"))).toEqual({ user: "ops", password: "s3cret" });
    const lost = await failing(runBackup(order({ file: join(directory, "none", "a") })));
    expect(lost).toEqual([2, expect.stringMatching(/must be in a directory that can be written to/)]);
    const vague = await failing(runBackup(order({ consistency: "lease" })));
    expect(vague).toEqual([2, expect.stringMatching(/--consistency is "lease"/)]);
  });
});

describe("hexraft restore", () => {
  const restore = (more: object = {}) =>
    failing(
      runRestore(
        {
          file: file(),
          dryRun: false,
          newCluster: true,
          nodeId: "n1",
          groupId: "main",
          dataDirectory: join(directory, "n1"),
          ...more,
        },
        () => {},
      ),
    );

  it("F08 O05 every flag that is missing or wrong is named", async () => {
    writeFileSync(file(), backupFile(10));
    expect(await restore({ newCluster: false })).toEqual([2, expect.stringMatching(/^--new-cluster is false/)]);
    expect(await restore({ nodeId: undefined })).toEqual([2, expect.stringMatching(/^--node-id is undefined/)]);
    expect(await restore({ nodeId: "n 1" })).toEqual([2, expect.stringMatching(/^--node-id is "n 1"/)]);
    expect(await restore({ groupId: "/" })).toEqual([2, expect.stringMatching(/^--group-id is "\/"/)]);
    expect(await restore({ dataDirectory: "" })).toEqual([2, expect.stringMatching(/^--data-directory is ""/)]);
    expect(await restore({ file: join(directory, "none") })).toEqual([2, expect.stringMatching(/^<file> is .*none/)]);
    expect(readdirSync(directory)).toEqual(["monday.backup"]);
  });

  it.each([
    [
      "damaged",
      (bytes: Buffer) => Buffer.from(bytes).fill(0, 300, 310),
      /monday.backup: bytes 232–1235: checksum mismatch; fetch/,
    ],
    [
      "cut",
      (bytes: Buffer) => bytes.subarray(0, 700),
      /monday.backup: it ends at byte 700, but it should have 1236 bytes; fetch/,
    ],
    ["empty", () => Buffer.alloc(0), /monday.backup: byte 0: it does not begin like a backup of hexraft; name a file/],
    ["something else", () => Buffer.from("#!/bin/sh\n".repeat(100)), /monday.backup: byte 0: it does not begin like/],
    [
      "of a later format",
      (bytes: Buffer) => Buffer.from(bytes).fill(9, 4, 5),
      /monday.backup: byte 4: it has format 9/,
    ],
  ])("F08 a file that is %s is refused with name, byte and advice, dry or not", async (_what, spoil, why) => {
    writeFileSync(file(), spoil(backupFile(1_000)));
    expect(await restore({ dryRun: true })).toEqual([6, expect.stringMatching(why)]);
    expect(await restore()).toEqual([6, expect.stringMatching(why)]);
  });

  it("F08 --dry-run says what a whole one holds, and makes nothing", async () => {
    writeFileSync(file(), backupFile(1_000));
    const said: string[] = [];
    const dry = { dryRun: true, newCluster: false, nodeId: undefined, groupId: undefined, dataDirectory: undefined };
    await runRestore({ file: file(), ...dry }, (line) => said.push(line));
    expect(said.join()).toMatch(
      /monday.backup is whole: state up to entry 7 of term 2, 1000 bytes, taken 2023-11-14T22:13:20.000Z on n1, group main of cluster ccc/,
    );
    expect(readdirSync(directory)).toEqual(["monday.backup"]);
  });
});
