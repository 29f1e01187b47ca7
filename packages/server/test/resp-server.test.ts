import { RaftError } from "@hexraft/core/ports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_RESP_SERVER_LIMITS, RespServer } from "../src/resp/resp-server.js";
import { LocalKv } from "./support/local-kv.js";
import { RawClient, resp } from "./support/raw-client.js";

let kv: LocalKv;
let server: RespServer;
let port: number;
const clients: RawClient[] = [];

const info = () => ({
  version: "0.1.0",
  nodeId: "n1",
  groups: [{ group: "main", role: "leader", term: 3, leader: "n1", commitIndex: 7, appliedIndex: 7 }],
  port,
  uptimeSeconds: 1,
});

async function serve(limits = DEFAULT_RESP_SERVER_LIMITS): Promise<void> {
  server = new RespServer({ kv, info }, limits);
  port = (await server.start({ host: "127.0.0.1", port: 0 })).port;
}

async function client(): Promise<RawClient> {
  const made = await RawClient.to(port);
  clients.push(made);
  return made;
}

beforeEach(async () => {
  kv = new LocalKv();
  await serve();
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await server.stop();
});

/** A dialogue: what is typed, and what the server says, as Redis 7 says it. */
const DIALOGUES: readonly (readonly [title: string, ...turns: readonly (readonly [string, string])[]])[] = [
  ["PING, ECHO", ["PING", "+PONG\r\n"], ["PING hi", "$2\r\nhi\r\n"], ["ECHO x", "$1\r\nx\r\n"]],
  ["GET, SET", ["GET k", "$-1\r\n"], ["SET k v", "+OK\r\n"], ["GET k", "$1\r\nv\r\n"], ["STRLEN k", ":1\r\n"]],
  [
    "HEXRAFT CONSISTENCY, TOKEN",
    ["HEXRAFT CONSISTENCY", "*1\r\n$12\r\nlinearizable\r\n"],
    ["HEXRAFT CONSISTENCY lease", "+OK\r\n"],
    ["GET k", "$-1\r\n"],
    ["HEXRAFT CONSISTENCY MAXSTALENESS 250", "+OK\r\n"],
    ["HEXRAFT CONSISTENCY", "*2\r\n$12\r\nmaxstaleness\r\n$3\r\n250\r\n"],
    ["HEXRAFT CONSISTENCY ATLEAST c/main/0/7", "+OK\r\n"],
    ["HEXRAFT CONSISTENCY", "*2\r\n$7\r\natleast\r\n$10\r\nc/main/0/7\r\n"],
    ["HEXRAFT CONSISTENCY soon", "-ERR syntax error\r\n"],
    ["HEXRAFT CONSISTENCY MAXSTALENESS soon", "-ERR syntax error\r\n"],
    ["HEXRAFT CONSISTENCY LOCAL 5", "-ERR syntax error\r\n"],
    ["SET k v", "+OK\r\n"],
    ["HEXRAFT TOKEN", "$16\r\ncluster/main/0/1\r\n"],
    ["HEXRAFT DO", "-ERR unknown subcommand 'DO'. Try CONSISTENCY, TOKEN, SESSION.\r\n"],
  ],
  ["bytes that are no text", ['SET "\\x00\\xff" "\\r\\n"', "+OK\r\n"], ['GET "\\x00\\xff"', "$2\r\n\r\n\r\n"]],
  [
    "SET NX, XX, GET",
    ["SET k 1 XX", "$-1\r\n"],
    ["SET k 1 NX", "+OK\r\n"],
    ["SET k 2 NX", "$-1\r\n"],
    ["SET k 3 xx get", "$1\r\n1\r\n"],
    ["SET n 4 NX GET", "$-1\r\n"],
    ["GETSET k 5", "$1\r\n3\r\n"],
    ["SETNX k 6", ":0\r\n"],
    ["SETNX l 6", ":1\r\n"],
  ],
  [
    "SET refuses what contradicts itself",
    ["SET k v NX XX", "-ERR syntax error\r\n"],
    ["SET k v EX", "-ERR syntax error\r\n"],
    ["SET k v EX 1 PX 1", "-ERR syntax error\r\n"],
    ["SET k v EX 1 KEEPTTL", "-ERR syntax error\r\n"],
    ["SET k v EX 0", "-ERR invalid expire time in 'set' command\r\n"],
    ["SET k v PX -1", "-ERR invalid expire time in 'set' command\r\n"],
    ["SET k v EX x", "-ERR value is not an integer or out of range\r\n"],
    ["SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n"],
    [
      "SET k v EXAT 1",
      "-ERR EXAT is not supported: deadlines are counted in log time, not in the time of day; use EX or PX\r\n",
    ],
    ["GET k", "$-1\r\n"],
  ],
  [
    "TTL and its kin",
    ["TTL k", ":-2\r\n"],
    ["SET k v", "+OK\r\n"],
    ["TTL k", ":-1\r\n"],
    ["EXPIRE k 100", ":1\r\n"],
    ["TTL k", ":100\r\n"],
    ["PTTL k", ":100000\r\n"],
    ["SET k w KEEPTTL", "+OK\r\n"],
    ["TTL k", ":100\r\n"],
    ["PERSIST k", ":1\r\n"],
    ["PERSIST k", ":0\r\n"],
    ["SETEX k 5 v", "+OK\r\n"],
    ["TTL k", ":5\r\n"],
    ["PSETEX k 1 v", "+OK\r\n"],
    ["SET k v PX 1500", "+OK\r\n"],
    ["PTTL k", ":1500\r\n"],
    ["PEXPIRE none 5", ":0\r\n"],
    ["EXPIRE k -1", ":1\r\n"],
    ["EXISTS k", ":0\r\n"],
    ["EXPIRE k 1 NX", "-ERR Unsupported option NX\r\n"],
    ["SETEX k 0 v", "-ERR invalid expire time in 'setex' command\r\n"],
  ],
  [
    "DEL, UNLINK, EXISTS, MSET, MGET, TYPE, DBSIZE",
    ["MSET a 1 b 2 c 3", "+OK\r\n"],
    ["MGET a x c", "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n3\r\n"],
    ["EXISTS a a x", ":2\r\n"],
    ["DBSIZE", ":3\r\n"],
    ["TYPE a", "+string\r\n"],
    ["TYPE x", "+none\r\n"],
    ["DEL a x", ":1\r\n"],
    ["UNLINK b c", ":2\r\n"],
    ["MSET a 1 b", "-ERR wrong number of arguments for 'mset' command\r\n"],
  ],
  [
    "counters",
    ["INCR n", ":1\r\n"],
    ["INCRBY n 9007199254740993", ":9007199254740994\r\n"],
    ["DECR n", ":9007199254740993\r\n"],
    ["DECRBY n 9007199254740993", ":0\r\n"],
    ["INCRBY n 9223372036854775807", ":9223372036854775807\r\n"],
    ["INCR n", "-ERR increment or decrement would overflow\r\n"],
    ["DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"],
    ["INCRBY n 1.5", "-ERR value is not an integer or out of range\r\n"],
    ["INCRBY n 9223372036854775808", "-ERR value is not an integer or out of range\r\n"],
    ["SET s text", "+OK\r\n"],
    ["INCR s", "-ERR value is not an integer or out of range\r\n"],
  ],
  [
    "SCAN",
    ["SCAN 0", "*2\r\n$1\r\n0\r\n*0\r\n"],
    ["MSET user:1 a user:2 b other c", "+OK\r\n"],
    ["SCAN 0 MATCH user:[2-9]", "*2\r\n$1\r\n0\r\n*1\r\n$6\r\nuser:2\r\n"],
    ["SCAN 0 TYPE hash COUNT 100", "*2\r\n$1\r\n0\r\n*0\r\n"],
    ["SCAN x", "-ERR invalid cursor\r\n"],
    ["SCAN -1", "-ERR invalid cursor\r\n"],
    ["SCAN 0 COUNT 0", "-ERR syntax error\r\n"],
    ["SCAN 0 COUNT", "-ERR syntax error\r\n"],
    ["SCAN 0 LIMIT 5", "-ERR syntax error\r\n"],
  ],
  [
    "HELLO, SELECT, CLIENT, AUTH",
    ["HELLO 3", "-NOPROTO unsupported protocol version\r\n"],
    ["HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"],
    ["SELECT 0", "+OK\r\n"],
    ["SELECT 1", "-ERR DB index is out of range\r\n"],
    ["CLIENT GETNAME", "$-1\r\n"],
    ["CLIENT SETNAME me", "+OK\r\n"],
    ["CLIENT GETNAME", "$2\r\nme\r\n"],
    ["CLIENT SETNAME 'a b'", "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"],
    ["CLIENT SETINFO lib-name x", "+OK\r\n"],
    ["CLIENT SETINFO x x", "-ERR syntax error\r\n"],
    ["CLIENT ID", ":1\r\n"],
    ["CLIENT KILL x", "-ERR unknown subcommand 'KILL'. Try SETNAME, GETNAME, SETINFO, ID.\r\n"],
    [
      "AUTH x",
      "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n",
    ],
  ],
  [
    "what it does not know",
    ["FLUSHALL", "-ERR unknown command 'FLUSHALL', with args beginning with: \r\n"],
    ["lpush k v", "-ERR unknown command 'lpush', with args beginning with: 'k' 'v' \r\n"],
    ["GET", "-ERR wrong number of arguments for 'get' command\r\n"],
    ["GET a b", "-ERR wrong number of arguments for 'get' command\r\n"],
    ["SET k", "-ERR wrong number of arguments for 'set' command\r\n"],
    ["PING a b", "-ERR wrong number of arguments for 'ping' command\r\n"],
    ["COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COUNT, LIST, INFO, DOCS.\r\n"],
  ],
];

describe("commands", () => {
  it.each(DIALOGUES)("%s", async (_title, ...turns) => {
    const caller = await client();
    for (const [typed, answer] of turns) expect(await caller.exchange(`${typed}\r\n`), `${typed}`).toBe(answer);
  });

  it("Q05 Q06 Q08 HEXRAFT CONSISTENCY is for the reads of this connection that come after it", async () => {
    const [caller, other] = [await client(), await client()];
    const pipelined = ["GET a", "HEXRAFT CONSISTENCY LEASE", "GET b", "HEXRAFT CONSISTENCY LOCAL", "MGET c", "DBSIZE"];
    caller.say(`${pipelined.join("\r\n")}\r\n`);
    await caller.until((heard) => heard.endsWith(":0\r\n"));
    await other.exchange("GET d\r\n");
    expect(kv.asked).toEqual(["get", "lease get", "local getMany", "local size", "get"]);
  });

  it("HELLO 2 tells about the server, and takes a name", async () => {
    const caller = await client();
    const answer = await caller.exchange(resp("HELLO", "2", "SETNAME", "me"));
    expect(answer).toContain("$5\r\nproto\r\n:2\r\n");
    expect(await caller.exchange("CLIENT GETNAME\r\n")).toBe("$2\r\nme\r\n");
  });

  it("INFO has what client libraries wait for, and who leads", async () => {
    const caller = await client();
    const answer = await caller.exchange("INFO\r\n");
    expect(answer).toContain("loading:0\r\n");
    expect(answer).toContain("role:master\r\n");
    expect(answer).toContain("raft_leader:n1\r\n");
    expect(await caller.exchange("INFO hexraft\r\n")).not.toContain("redis_version");
  });

  it("COMMAND lists the commands, counts them, and documents them", async () => {
    const caller = await client();
    const count = Number((await caller.exchange("COMMAND COUNT\r\n")).slice(1));
    expect(count).toBeGreaterThan(30);
    expect(await caller.exchange("COMMAND\r\n")).toMatch(new RegExp(`^\\*${count}\\r\\n`));
    expect(await caller.exchange("COMMAND INFO get nosuch\r\n")).toBe(
      "*2\r\n*6\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n$-1\r\n",
    );
    expect(await caller.exchange("COMMAND DOCS get\r\n")).toMatch(/^\*2\r\n\$3\r\nget\r\n\*4\r\n\$7\r\nsummary/);
  });

  it("SCAN returns every key once, page by page", async () => {
    const caller = await client();
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`);
    await caller.exchange(resp("MSET", ...keys.flatMap((key) => [key, "v"])));
    const seen: string[] = [];
    let cursor = "0";
    do {
      const answer = await caller.exchange(resp("SCAN", cursor, "COUNT", "7"));
      const [, next, ...found] = answer.split("\r\n").filter((line) => !/^[*$]/.test(line) || line === "");
      cursor = answer.split("\r\n")[2] as string;
      void next;
      seen.push(...found.filter((key) => key.startsWith("key-")), ...(next?.startsWith("key-") ? [next] : []));
    } while (cursor !== "0");
    expect(seen.toSorted()).toEqual(keys.toSorted());
  });
});

describe("pipelining", () => {
  it("answers in the order of the commands, whatever takes longer", async () => {
    const caller = await client();
    const open = kv.hold();
    caller.say(`${resp("SET", "k", "1")}PING\r\n${resp("GET", "k")}${resp("INCR", "k")}PING last\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
    open();
    expect(await caller.until((heard) => heard.includes("last"))).toBe(
      "+OK\r\n+PONG\r\n$1\r\n1\r\n:2\r\n$4\r\nlast\r\n",
    );
  });

  it("lets a read see the writes before it, and no write behind it", async () => {
    const caller = await client();
    const open = kv.hold();
    const sent = Array.from({ length: 50 }, (_, i) => resp("SET", "k", `${i}`) + resp("GET", "k")).join("");
    caller.say(sent);
    open();
    const answer = await caller.exchange("");
    expect(answer).toBe(Array.from({ length: 50 }, (_, i) => `+OK\r\n$${`${i}`.length}\r\n${i}\r\n`).join(""));
  });

  it("hands writes that stand together over together", async () => {
    const caller = await client();
    const open = kv.hold();
    caller.say(Array.from({ length: 200 }, (_, i) => resp("SET", `k${i}`, "v")).join("") + resp("GET", "k0"));
    await expect.poll(() => kv.underWay).toBe(200);
    expect(kv.asked).not.toContain("get");
    open();
    expect(await caller.exchange("")).toBe(`${"+OK\r\n".repeat(200)}$1\r\nv\r\n`);
  });

  it("begins no more commands than its bound, and loses none of a longer pipeline", async () => {
    await server.stop();
    await serve({ ...DEFAULT_RESP_SERVER_LIMITS, pipelineMax: 10 });
    const caller = await client();
    const open = kv.hold();
    caller.say(resp("INCR", "n").repeat(1_000));
    await expect.poll(() => kv.underWay).toBe(10);
    open();
    const answer = await caller.exchange("");
    expect(answer).toBe(Array.from({ length: 1_000 }, (_, i) => `:${i + 1}\r\n`).join(""));
  });

  it("serves a client that closes its side at once after its last command", async () => {
    const caller = await client();
    caller.socket.end(Buffer.from(resp("SET", "k", "v").repeat(5)));
    expect(await caller.end()).toBe("+OK\r\n".repeat(5));
  });

  it("QUIT is answered after what stands before it, and nothing behind it is done", async () => {
    const caller = await client();
    caller.say(`${resp("SET", "k", "v")}QUIT\r\n${resp("SET", "k", "w")}`);
    expect(await caller.end()).toBe("+OK\r\n+OK\r\n");
    expect(kv.asked).toEqual(["put"]);
  });
});

describe("what goes wrong", () => {
  it.each([
    [
      "C02 an unknown outcome has a code of its own",
      "unknown",
      "LeadershipLost",
      /^-UNKNOWN the command may have been applied/,
    ],
    ["C01 no leader: nothing was done", "refused", "NotLeader", /^-CLUSTERDOWN nothing was done/],
    ["R12 overload: nothing was done", "refused", "Overloaded", /^-TRYAGAIN nothing was done/],
    ["R10 a command that is too large", "refused", "EntryTooLarge", /^-ERR too/],
  ] as const)("%s", async (_title, outcome, code, answer) => {
    const caller = await client();
    kv.failures.push(new RaftError(code, outcome, "too\r\nbad"));
    expect(await caller.exchange(resp("SET", "k", "v"))).toMatch(answer);
    expect(kv.asked, "asked once, never again").toEqual(["put"]);
    expect(await caller.exchange("PING\r\n")).toBe("+PONG\r\n");
  });

  it("closes after garbage, with the reason, and does what stood before it", async () => {
    const caller = await client();
    caller.say(`${resp("SET", "k", "v")}*1\r\n!oops\r\n${resp("SET", "k", "w")}`);
    expect(await caller.end()).toBe("+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    expect(kv.asked).toEqual(["put"]);
  });

  it("tells one client too many, and serves the others", async () => {
    await server.stop();
    await serve({ ...DEFAULT_RESP_SERVER_LIMITS, connectionsMax: 1 });
    const first = await client();
    expect(await first.exchange("PING\r\n")).toBe("+PONG\r\n");
    expect(await (await client()).end()).toBe("-ERR max number of clients reached (connectionsMax 1)\r\n");
    expect(await first.exchange("PING\r\n")).toBe("+PONG\r\n");
  });

  it("stops reading from a client that reads nothing, and goes on when it does", async () => {
    await server.stop();
    await serve({ ...DEFAULT_RESP_SERVER_LIMITS, unreadBytesMax: 64 * 1024 });
    const caller = await client();
    await caller.exchange(resp("SET", "k", "x".repeat(64 * 1024)));
    caller.socket.pause();
    caller.heard = "";
    caller.say(resp("GET", "k").repeat(1_500));
    const before = kv.asked.length;
    // Whatever the two sockets buffer, it is far less than the 96 MB of answers.
    await expect.poll(() => kv.underWay).toBe(0);
    expect(kv.asked.length - before).toBeLessThan(1_000);
    caller.socket.resume();
    await caller.until((heard) => heard.length >= 1_500 * (64 * 1024 + 10));
    expect(kv.asked.length - before).toBe(1_500);
  });

  it("O04 stops with clients connected", async () => {
    const caller = await client();
    await caller.exchange("PING\r\n");
    await server.stop();
    await caller.end();
    expect(caller.closed).toBe(true);
  });

  it("O05 says which port is taken", async () => {
    const second = new RespServer({ kv, info });
    await expect(second.start({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "AddressInUse",
      message: `Cannot listen on 127.0.0.1:${port} (resp): another process listens there; stop it, or choose another port.`,
    });
    await second.stop();
  });
});
