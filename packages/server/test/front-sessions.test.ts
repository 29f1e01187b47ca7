import { sessionNumber } from "@hexraft/sessions";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Access } from "../src/access/access.js";
import { Doors, userOf } from "./support/door-fixture.js";
import { RawClient } from "./support/raw-client.js";

const NONCE = "0123456789abcdef0123456789ABCDEF";
/** What is opened under it as the first entry. */
const SESSION = sessionNumber(Buffer.from(NONCE, "hex"), 1);
const EXPIRY_MS = 300_000;
let doors: Doors;
beforeEach(() => {
  doors = new Doors();
});
afterEach(() => doors.stop());

describe("over HTTP", () => {
  let port: number;
  beforeEach(async () => {
    port = await doors.http();
  });

  async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body ?? null });
    return [response.status, (await response.json()) as Readonly<Record<string, unknown>>] as const;
  }
  const open = async (body?: string) => (await ask("POST", "/v1/sessions", body))[1] as { readonly session: number };
  const number = (session: number | string, sequence: number | string, acknowledged?: number) => ({
    "Hexraft-Session": `${session}`,
    "Hexraft-Sequence": `${sequence}`,
    ...(acknowledged !== undefined && { "Hexraft-Acknowledged": `${acknowledged}` }),
  });

  it("C03 a command that comes twice under its number is done once and answered alike, on every route that writes", async () => {
    const { session } = await open();
    const batch = JSON.stringify({ commands: [{ op: "increment", key: "b" }] });
    const commands = [
      ["POST", "/v1/incr/n", undefined, [200, { value: 1 }]],
      ["PUT", "/v1/kv/k?nx", "v", [200, { done: true }]],
      ["POST", "/v1/batch", batch, [200, { results: [{ op: "increment", value: 1 }] }]],
      ["DELETE", "/v1/kv/k", undefined, [200, { deleted: 1 }]],
    ] as const;
    for (const [i, [method, path, body, answer]] of commands.entries())
      for (let again = 0; again < 3; again++)
        expect(await ask(method, path, body, number(session, i + 1))).toEqual(answer);
    expect(await ask("POST", "/v1/incr/n")).toEqual([200, { value: 2 }]); // without a number it counts each time
  });

  it("C03 a registration whose answer was lost is repeated with its nonce", async () => {
    const first = await open(JSON.stringify({ nonce: NONCE }));
    expect(first).toEqual({ session: SESSION, ttlMs: EXPIRY_MS });
    expect(await open(JSON.stringify({ nonce: NONCE.toLowerCase() }))).toEqual(first);
    expect((await open()).session).not.toBe(first.session);
  });

  it("C04 an expired session is an error of its own, and nothing is done", async () => {
    const { session } = await open();
    doors.kv.logTimeMs += EXPIRY_MS;
    const [status, said] = await ask("POST", "/v1/incr/n", undefined, number(session, 1));
    expect([status, said["error"], said["outcome"]]).toEqual([410, "SessionExpired", "refused"]);
    expect(said["message"]).toContain("open a new one");
    expect(await ask("POST", "/v1/incr/n")).toEqual([200, { value: 1 }]);
  });

  it("C03 C02 what the client acknowledged is forgotten, and its number does nothing any more", async () => {
    const { session } = await open();
    await ask("POST", "/v1/incr/n", undefined, number(session, 1));
    await ask("POST", "/v1/incr/n", undefined, number(session, 2, 1));
    const [status, said] = await ask("POST", "/v1/incr/n", undefined, number(session, 1));
    expect([status, said["error"], said["outcome"]]).toEqual([409, "AnswerGone", "unknown"]);
    expect(await ask("POST", "/v1/incr/n")).toEqual([200, { value: 3 }]);
  });

  it("F03 numbers that cannot be, or half of them, are refused before anything is done", async () => {
    for (const headers of [
      number("x", 1),
      number(1, "-1"),
      number(0, 1),
      number(1, 1, 1),
      number(1, "1, 2"),
      { "Hexraft-Session": "1" },
      { "Hexraft-Sequence": "1" },
      { "Hexraft-Acknowledged": "1" },
    ])
      expect((await ask("POST", "/v1/incr/n", undefined, headers))[1], `with ${JSON.stringify(headers)}`).toMatchObject(
        {
          error: "BadRequest",
        },
      );
    for (const nonce of ["", "00", NONCE.replace("0", "g"), 7])
      expect((await ask("POST", "/v1/sessions", JSON.stringify({ nonce })))[0]).toBe(400);
    expect((await ask("POST", "/v1/sessions?nonce=1"))[0]).toBe(400);
    expect((await ask("GET", "/v1/sessions"))[0]).toBe(405);
    expect(doors.kv.asked).toEqual([]);
  });
});

describe("over the Redis protocol", () => {
  let callers: RawClient[];
  let port: number;
  beforeEach(async () => {
    callers = [];
    port = await doors.resp();
  });
  afterEach(() => {
    for (const caller of callers) caller.socket.destroy();
  });

  async function client(): Promise<(typed: string) => Promise<string>> {
    const caller = await RawClient.to(port);
    callers.push(caller);
    return (typed) => caller.exchange(`${typed}\r\n`);
  }

  it("C03 C05 the writes of a connection take one number each, and a number said again elsewhere has the same answer", async () => {
    const say = await client();
    expect(await say("HEXRAFT SESSION")).toBe("*0\r\n");
    expect(await say(`HEXRAFT SESSION OPEN ${NONCE}`)).toBe(`:${SESSION}\r\n`);
    expect(await say("INCR n")).toBe(":1\r\n");
    expect(await say("SET k v NX")).toBe("+OK\r\n");
    expect(await say("HEXRAFT SESSION")).toBe(`*3\r\n:${SESSION}\r\n:3\r\n:0\r\n`);
    const other = await client();
    expect(await other(`HEXRAFT SESSION OPEN ${NONCE}`)).toBe(`:${SESSION}\r\n`);
    expect(await other("INCR n")).toBe(":1\r\n");
    expect(await other(`HEXRAFT SESSION USE ${SESSION} 2`)).toBe("+OK\r\n");
    expect(await other("SET k v NX")).toBe("+OK\r\n"); // NX alone would say nil
    expect(await other("INCR n")).toBe(":2\r\n");
    expect(await other("HEXRAFT SESSION OFF")).toBe("+OK\r\n");
    expect(await other("INCR n")).toBe(":3\r\n");
  });

  it("C03 a write that is understood takes a number, also if it is refused; reads and what is not understood take none", async () => {
    const say = await client();
    await say(`HEXRAFT SESSION OPEN ${NONCE}`);
    await say("SET k v");
    expect(await say("INCR k")).toContain("not an integer");
    expect(await say("SET k v EX x")).toContain("-ERR");
    await say("GET k");
    expect(await say("INCR")).toContain("wrong number of arguments");
    expect(await say("NOSUCH")).toContain("unknown command");
    expect(await say("HEXRAFT SESSION")).toBe(`*3\r\n:${SESSION}\r\n:4\r\n:0\r\n`);
  });

  it("C03 what is acknowledged is forgotten, and its number does nothing any more", async () => {
    const say = await client();
    await say(`HEXRAFT SESSION OPEN ${NONCE}`);
    await say("INCR n");
    expect(await say("HEXRAFT SESSION ACK 1")).toBe("+OK\r\n");
    expect(await say("INCR n")).toBe(":2\r\n");
    await say(`HEXRAFT SESSION USE ${SESSION} 1`);
    expect(await say("INCR n")).toMatch(/^-ANSWERGONE the command may have been applied: Command 1 /);
    expect(await say("GET n")).toBe("$1\r\n2\r\n");
  });

  it("C04 an expired or unknown session is an error of its own, and nothing is done", async () => {
    const say = await client();
    await say(`HEXRAFT SESSION OPEN ${NONCE}`);
    doors.kv.logTimeMs += EXPIRY_MS;
    expect(await say("INCR n")).toMatch(/^-SESSIONEXPIRED nothing was done: /);
    await say("HEXRAFT SESSION USE 77 1");
    expect(await say("INCR n")).toMatch(/^-SESSIONEXPIRED nothing was done: /);
    expect(await say("GET n")).toBe("$-1\r\n");
  });

  it("F03 settings that cannot be are refused, and the old one stays", async () => {
    const say = await client();
    expect(await say("HEXRAFT SESSION ACK 1")).toContain("uses no session");
    await say("HEXRAFT SESSION USE 1 5 3");
    for (const wrong of ["USE 1", "USE 1 2 3 4", "USE 0 1", "USE 1 x", "USE 1 2 2", "ACK", "ACK 5", "OFF 1", "ON"])
      expect(await say(`HEXRAFT SESSION ${wrong}`), `HEXRAFT SESSION ${wrong}`).toMatch(/^-ERR /);
    for (const wrong of ["OPEN 00", `OPEN ${NONCE} 1`]) expect(await say(`HEXRAFT SESSION ${wrong}`)).toMatch(/^-ERR /);
    expect(await say("HEXRAFT SESSION")).toBe("*3\r\n:1\r\n:5\r\n:3\r\n");
    expect(doors.kv.asked).toEqual([]);
  });
});

it("who may not write opens no session", async () => {
  const readers = new Access(new Map([["r", userOf("read", "secret")]]), "read");
  const http = await doors.http(undefined, readers);
  expect((await fetch(`http://127.0.0.1:${http}/v1/sessions`, { method: "POST" })).status).toBe(401);
  const caller = await RawClient.to(await doors.resp(undefined, readers));
  expect(await caller.exchange("HEXRAFT SESSION OPEN\r\n")).toMatch(/^-NO(?:PERM|AUTH) /);
  caller.socket.destroy();
  expect(doors.kv.asked).toEqual([]);
});

describe("in another cluster behind the same address", () => {
  it("C03 C04 F08 a session of the one before is refused, and never another client's, by HTTP and the Redis protocol", async () => {
    // Both open a session as their first entry, as a cluster does that was restored from before the first one's.
    const restored = new Doors();
    const nonces = ["aa", "bb"].map((byte) => byte.repeat(16));
    const [mine, theirs] = nonces.map((nonce) => sessionNumber(Buffer.from(nonce, "hex"), 1)) as [number, number];
    const open = async (at: Doors, nonce: unknown) => {
      const url = `http://127.0.0.1:${await at.http()}`;
      const said = await fetch(`${url}/v1/sessions`, { method: "POST", body: JSON.stringify({ nonce }) });
      return { url, session: ((await said.json()) as { readonly session: number }).session };
    };
    const increment = async (url: string, session: number, sequence: number) => {
      const headers = { "Hexraft-Session": `${session}`, "Hexraft-Sequence": `${sequence}` };
      const response = await fetch(`${url}/v1/incr/n`, { method: "POST", headers });
      return [response.status, await response.json()];
    };
    const [before, after] = [await open(doors, nonces[0]), await open(restored, nonces[1])];
    expect([before.session, after.session]).toEqual([mine, theirs]);
    expect(await increment(before.url, mine, 1)).toEqual([200, { value: 1 }]);
    expect(await increment(after.url, theirs, 1)).toEqual([200, { value: 1 }]);
    // Its own first command once more, and its next one.
    const gone = { error: "SessionExpired", message: expect.stringContaining("another cluster's") };
    for (const sequence of [1, 2])
      expect(await increment(after.url, mine, sequence)).toEqual([410, expect.objectContaining(gone)]);
    const caller = await RawClient.to(await restored.resp());
    for (const sequence of [1, 2])
      expect(await caller.exchange(`HEXRAFT SESSION USE ${mine} ${sequence}\r\nINCR n\r\n`)).toMatch(
        /^\+OK\r\n-SESSIONEXPIRED nothing was done: .*; open a new one\.\r\n$/,
      );
    caller.socket.destroy();
    expect(await increment(after.url, theirs, 2)).toEqual([200, { value: 2 }]);
    await restored.stop();
  });
});
