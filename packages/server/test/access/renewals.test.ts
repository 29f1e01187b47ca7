import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Access } from "../../src/access/access.js";
import { readAccess } from "../../src/access/access-file.js";
import { hashSecret } from "../../src/access/secret-hash.js";
import { Renewals } from "../../src/serve/renewals.js";
import { Doors, keepingLogger } from "../support/door-fixture.js";
import { PATIENT } from "../support/patient.js";
import { RawClient } from "../support/raw-client.js";

const [SECRET, OTHER] = ["tell-nobody-7f3a", "nor-this-one-91c2"];
const directory = mkdtempSync(join(tmpdir(), "hexraft-access-"));
const file = join(directory, "access.json");
/** Only when it is told to. ms. */
const NEVER = 86_400_000;
let hash: string;
let otherHash: string;
beforeAll(async () => {
  [hash, otherHash] = [await hashSecret(SECRET), await hashSecret(OTHER)];
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const write = (content: unknown) =>
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
const ann = () => ({ role: "write", secret: hash });
const bob = () => ({ role: "read", secret: otherHash });

let access: Access;
let doors: Doors;
let renewals: Renewals;
let logger: ReturnType<typeof keepingLogger>;
let closing: (() => unknown)[] = [];
function begin(intervalMs = NEVER): void {
  write({ users: { ann: ann(), bob: bob() } });
  access = readAccess(file, undefined);
  doors = new Doors(access);
  logger = keepingLogger();
  renewals = new Renewals({ access, accessFile: file, tls: undefined }, logger, intervalMs);
}
beforeEach(() => begin());
afterEach(async () => {
  renewals.stop();
  for (const close of closing.toReversed()) await close();
  closing = [];
  await doors.stop();
});

async function redis(port: number, user: string, secret: string): Promise<RawClient> {
  const made = await RawClient.to(port);
  closing.push(() => made.socket.destroy());
  made.socket.write(`AUTH ${user} ${secret}\r\n`);
  await expect.poll(() => made.heard).toMatch(/\r\n/);
  return made;
}

function client(port: number, user: string, password: string): HexraftClient {
  const endpoints = [{ host: "127.0.0.1", port }];
  const made = new HexraftClient({ endpoints, credentials: { user, password }, sessions: false, ...PATIENT });
  closing.push(() => made.close());
  return made;
}

const asks = async (port: number, user: string, secret: string) =>
  (await fetch(`http://127.0.0.1:${port}/v1/kv?limit=1`, { headers: { authorization: `Bearer ${user}~${secret}` } }))
    .status;

it("users that come are let in, those that go are shown out at every door, and the others notice nothing", async () => {
  const [http, resp, door] = [await doors.http(), await doors.resp(), await doors.client()];
  const [annThere, bobThere] = [await redis(resp, "ann", SECRET), await redis(resp, "bob", OTHER)];
  const [annAsks, bobAsks] = [client(door, "ann", SECRET), client(door, "bob", OTHER)];
  expect(await Promise.all([annAsks.get("k"), bobAsks.get("k")])).toEqual([null, null]);
  expect([await asks(http, "ann", SECRET), await asks(http, "bob", OTHER)]).toEqual([200, 200]);
  write({ users: { ann: ann(), carol: bob() } });
  await renewals.look();
  await expect.poll(() => bobThere.closed).toBe(true);
  expect(bobThere.heard).toMatch(/^\+OK\r\n-NOPERM the rights of this user were changed/);
  await expect(bobAsks.get("k")).rejects.toMatchObject({ code: "AccessDenied" });
  expect([await asks(http, "bob", OTHER), await asks(http, "carol", OTHER)]).toEqual([401, 200]);
  annThere.socket.write("PING\r\n");
  await expect.poll(() => annThere.heard).toBe("+OK\r\n+PONG\r\n");
  expect(await annAsks.get("k")).toBe(null);
  expect(logger.lines).toEqual(['info: took the new access file {"users":2,"connectionsEnded":2}']);
});

it.each([
  ["another secret", () => ({ role: "write", secret: otherHash })],
  ["another role", () => ({ role: "read", secret: hash })],
])("a user who has %s has to come in again", async (_, changed) => {
  const resp = await doors.resp();
  const there = await redis(resp, "ann", SECRET);
  write({ users: { ann: changed(), bob: bob() } });
  await renewals.look();
  await expect.poll(() => there.closed).toBe(true);
  const again = await redis(resp, "ann", changed().secret === hash ? SECRET : OTHER);
  expect(again.heard).toBe("+OK\r\n");
});

it("who came in without a name is shown out when nobody may any more", async () => {
  write({ anonymous: "read", users: { ann: ann() } });
  await renewals.look();
  const resp = await doors.resp();
  const made = await RawClient.to(resp);
  closing.push(() => made.socket.destroy());
  made.socket.write("GET k\r\n");
  await expect.poll(() => made.heard).toBe("$-1\r\n");
  write({ users: { ann: ann() } });
  await renewals.look();
  await expect.poll(() => made.closed).toBe(true);
});

it("a login that was being checked when its user was taken out is not let in", async () => {
  const login = access.login("bob", OTHER);
  write({ users: { ann: ann() } });
  await renewals.look();
  expect(await login).toBe(null);
});

it("a request under way of a user who goes is cut, such as a backup that is being read", async () => {
  write({ users: { ann: ann(), ops: { role: "admin", secret: otherHash } } });
  await renewals.look();
  const port = await doors.http();
  const socket = connect({ port, host: "127.0.0.1" });
  const gone = new Promise<void>((resolve) => socket.on("error", () => {}).once("close", () => resolve()));
  const held = new Promise<void>((resolve) => {
    doors.kv.read = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  socket.write(`GET /v1/kv/k HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ops~${OTHER}\r\n\r\n`);
  await held;
  write({ users: { ann: ann() } });
  await renewals.look();
  await gone;
});

it.each([
  ["no JSON", '{ "users": ', /must be one JSON object/],
  ["a secret where its hash belongs", { users: { ann: { role: "read", secret: "oops-7f3a" } } }, /users\.ann\.secret/],
  ["nobody", { users: {} }, /names no user/],
  ["a role that there is not", { users: { ann: { role: "root", secret: "x" } } }, /users\.ann/],
] as const)(
  "a file with %s is refused once and clearly, and those who are known stay known",
  async (_, content, why) => {
    const resp = await doors.resp();
    const there = await redis(resp, "ann", SECRET);
    write(content);
    await renewals.look();
    await renewals.look();
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^error: kept the users known before/);
    expect(logger.lines[0]).toMatch(why);
    expect(logger.lines[0]).not.toContain("oops");
    there.socket.write("PING\r\n");
    await expect.poll(() => there.heard).toBe("+OK\r\n+PONG\r\n");
    expect((await redis(resp, "bob", OTHER)).heard).toBe("+OK\r\n");
    rmSync(file);
    await renewals.look();
    expect(logger.lines.at(-1)).toMatch(/must be a file that can be read \(ENOENT\)/);
  },
);

it("the file is looked at by itself, and one that says the same changes nothing", async () => {
  renewals.stop();
  begin(10);
  write(JSON.stringify({ users: { bob: bob(), ann: ann() } }, null, 2));
  await renewals.look();
  expect(logger.lines).toEqual([]);
  write({ users: { ann: ann() } });
  await expect.poll(() => logger.lines).toHaveLength(1);
  expect(access.size).toBe(1);
});
