import { inspect } from "node:util";
import { ClusterAdmin, HexraftClient } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import { put } from "@hexraft/statemachine-kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Access, type User } from "../src/access/access.js";
import type { Role } from "../src/access/role.js";
import type { DoorBounds } from "../src/serve/door-bounds.js";
import { TokenBucket } from "../src/serve/token-bucket.js";
import { ADD_N4, type Administered } from "./support/administered.js";
import { Doors, userOf } from "./support/door-fixture.js";
import type { LocalKv } from "./support/local-kv.js";
import { PATIENT } from "./support/patient.js";
import { RawClient, resp } from "./support/raw-client.js";

const SECRET = "open-sesame";
const ROLES: readonly Role[] = ["none", "read", "write", "admin"];
let doors: Doors;
let kv: LocalKv;
let administered: Administered;
const raws: RawClient[] = [];
const clients: { close(): void }[] = [];

beforeEach(() => {
  doors = new Doors(users());
  ({ kv, administered } = doors);
});
afterEach(async () => {
  for (const made of clients.splice(0)) made.close();
  for (const { socket } of raws.splice(0)) socket.destroy();
  await doors.stop();
});

/** A user per role, of the role's name; `default` may write. */
const users = () =>
  new Access(
    new Map<string, User>([
      ...ROLES.map((role) => [role, userOf(role, SECRET)] as const),
      ["default", userOf("write", SECRET)],
    ]),
    "none",
  );

const http = (bounds: Partial<DoorBounds> = {}, access?: Access): Promise<number> => doors.http(bounds, access);
const redis = (bounds: Partial<DoorBounds> = {}, access?: Access): Promise<number> => doors.resp(bounds, access);
const door = (bounds: Partial<DoorBounds> = {}, access?: Access): Promise<number> => doors.client(bounds, access);

async function raw(port: number): Promise<RawClient> {
  const made = await RawClient.to(port);
  raws.push(made);
  return made;
}

function client(port: number, user?: string, password = SECRET): HexraftClient {
  const credentials = user === undefined ? {} : { credentials: { user, password } };
  const endpoints = [{ host: "127.0.0.1", port }];
  const made = new HexraftClient({ endpoints, ...PATIENT, ...credentials });
  clients.push(made);
  return made;
}

const basic = (user: string, secret = SECRET) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

describe("HTTP", () => {
  const ask = async (port: number, method: string, path: string, authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers,
      ...(method === "PUT" && { body: "v" }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it("lets each role do what it may, and nothing more", async () => {
    const port = await http();
    const requests = [
      ["GET", "/healthz"],
      ["GET", "/v1/kv?limit=1"],
      ["GET", "/v1/status"],
      ["PUT", "/v1/kv/k"],
      ["POST", "/v1/incr/n"],
      ["POST", "/v1/admin/transfer-leadership?to=n2"],
    ] as const;
    const statuses = async (authorization?: string) => {
      const answers: number[] = [];
      for (const [method, path] of requests) answers.push((await ask(port, method, path, authorization)).status);
      return answers;
    };
    expect(await statuses()).toEqual([200, 401, 401, 401, 401, 401]);
    expect(kv.asked).toEqual([]);
    expect(await statuses(basic("none"))).toEqual([200, 403, 403, 403, 403, 403]);
    expect(await statuses(basic("read"))).toEqual([200, 200, 200, 403, 403, 403]);
    expect(kv.asked).toEqual(["range"]);
    expect(await statuses(`Bearer write~${SECRET}`)).toEqual([200, 200, 200, 200, 200, 403]);
    expect(administered.told).toEqual([]);
    expect(await statuses(basic("admin"))).toEqual([200, 200, 200, 200, 200, 200]);
    expect(administered.told).toEqual([["transfer", "n2"]]);
  });

  it("M14 C02 what operators ask is one JSON object; what the cluster's state refuses is a conflict with its reason", async () => {
    const port = await http();
    const tell = async (verb: string, said: string) => {
      const headers = { authorization: basic("admin") };
      const response = await fetch(`http://127.0.0.1:${port}/v1/admin/${verb}`, {
        method: "POST",
        headers,
        body: said,
      });
      return [response.status, await response.json()];
    };
    expect(await tell("plan", JSON.stringify({ change: ADD_N4 }))).toMatchObject([200, { text: "a plan" }]);
    administered.failures.push(new RaftError("ChangeRefused", "refused", "n4 is a voter already"));
    expect(await tell("change-members", JSON.stringify({ change: ADD_N4 }))).toEqual([
      409,
      { error: "ChangeRefused", outcome: "refused", message: "n4 is a voter already" },
    ]);
    administered.failures.push(new RaftError("LeadershipLost", "unknown", "who knows"));
    expect(await tell("change-members", JSON.stringify({ change: ADD_N4 }))).toMatchObject([
      504,
      { outcome: "unknown" },
    ]);
    expect(await tell("reset-everything", "")).toMatchObject([400, { outcome: "refused" }]);
    expect((await ask(port, "GET", "/v1/admin/members", basic("admin"))).status).toBe(405);
  });

  it("says how to authenticate, and nothing of what was sent", async () => {
    const port = await http();
    for (const wrong of [
      basic("read", "sesame-open"),
      "Bearer sesame-open",
      "Bearer read~sesame-open",
      "Digest sesame-open",
      "Basic !",
    ]) {
      const { status, headers, text } = await ask(port, "GET", "/v1/kv/k", wrong);
      expect([status, headers.get("www-authenticate")]).toEqual([
        401,
        'Basic realm="hexraft", charset="UTF-8", Bearer',
      ]);
      expect(text).not.toContain("sesame-open");
    }
  });

  it("lets those in who say nothing, as far as they may", async () => {
    const port = await http({}, new Access(new Map(), "read"));
    expect((await ask(port, "GET", "/v1/kv?limit=1")).status).toBe(200);
    expect((await ask(port, "PUT", "/v1/kv/k")).status).toBe(401);
  });

  it("T07 answers 429 to one connection that asks too much, and does nothing of it", async () => {
    const port = await http({ requestsPerSecondMax: 3 }, Access.open);
    const one = await raw(port);
    one.say("PUT /v1/kv/k HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nv".repeat(5));
    const heard = await one.until((text) => (text.match(/HTTP\/1\.1/g) ?? []).length === 5);
    expect(heard.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(9))).toEqual(["200", "200", "200", "429", "429"]);
    expect(heard).toMatch(/retry-after: 1/i);
    expect(heard).toContain("requestsPerSecondMax");
    expect(kv.asked).toHaveLength(3);
    expect((await ask(port, "PUT", "/v1/kv/k")).status).toBe(200);
  });

  it("T07 tells who is one too many from one address, and does nothing for it", async () => {
    const port = await http({ connectionsPerAddressMax: 1 }, Access.open);
    const first = await raw(port);
    const second = await raw(port);
    second.say("PUT /v1/kv/k HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nv");
    expect(await second.end()).toMatch(/^HTTP\/1\.1 503 .*connectionsPerAddressMax 1/s);
    first.say("GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    expect(await first.end()).toMatch(/^HTTP\/1\.1 200/);
    expect(kv.asked).toEqual([]);
  });
});

describe("the Redis protocol", () => {
  it("knows nobody until he has said who he is, and does nothing for him", async () => {
    const port = await redis();
    const caller = await raw(port);
    for (const command of [
      resp("PING"),
      resp("SET", "k", "v"),
      resp("GET", "k"),
      resp("INFO"),
      resp("NOTHING", SECRET),
    ]) {
      caller.heard = "";
      caller.say(command);
      expect(await caller.until((text) => text.endsWith("\r\n"))).toBe("-NOAUTH Authentication required.\r\n");
    }
    caller.heard = "";
    caller.say(resp("HELLO", "2"));
    expect(await caller.until((text) => text.endsWith("\r\n"))).toMatch(/^-NOAUTH HELLO must be called with/);
    expect(kv.asked).toEqual([]);
  });

  it("AUTH takes a password, or a user and a password, and what stands behind it waits for it", async () => {
    const port = await redis();
    const caller = await raw(port);
    const pipeline = [resp("AUTH", SECRET), resp("SET", "k", "v"), resp("GET", "k"), resp("AUTH", "read", SECRET)];
    expect(await caller.exchange(pipeline.join("") + resp("SET", "k", "w") + resp("GET", "k"))).toBe(
      "+OK\r\n+OK\r\n$1\r\nv\r\n+OK\r\n-NOPERM User read has no permissions to run the 'set' command\r\n$1\r\nv\r\n",
    );
  });

  it("HELLO takes them too", async () => {
    const port = await redis();
    const caller = await raw(port);
    const said = await caller.exchange(
      resp("HELLO", "2", "AUTH", "write", SECRET, "SETNAME", "me") + resp("CLIENT", "GETNAME"),
    );
    expect(said).toMatch(/^\*14\r\n.*\$2\r\nme\r\n$/s);
  });

  it("says WRONGPASS to whoever is wrong, who stays what he was", async () => {
    const port = await redis();
    const caller = await raw(port);
    const wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    expect(
      await caller.exchange(
        resp("AUTH", "x") +
          resp("AUTH", "admin", "x") +
          resp("HELLO", "2", "AUTH", "nobody", SECRET) +
          resp("AUTH", "read", SECRET) +
          resp("AUTH", "write", "x") +
          resp("SET", "k", "v"),
      ),
    ).toBe(`${wrong.repeat(3)}+OK\r\n${wrong}-NOPERM User read has no permissions to run the 'set' command\r\n`);
    expect(kv.asked).toEqual([]);
  });

  it("T07 closes who does not say who he is in time", async () => {
    const port = await redis({ greetingTimeoutMs: 2_000 });
    const known = await raw(port);
    expect(await known.exchange(resp("AUTH", SECRET))).toBe("+OK\r\n");
    expect(await (await raw(port)).end()).toBe("-NOAUTH Authentication required.\r\n");
    expect(await known.exchange("PING\r\n")).toBe("+PONG\r\n");
  });

  it("T07 refuses what one connection asks too much, and does nothing of it", async () => {
    const port = await redis({ requestsPerSecondMax: 2 }, Access.open);
    const caller = await raw(port);
    caller.say(resp("SET", "k", "v").repeat(4));
    const heard = await caller.until((text) => (text.match(/\r\n/g) ?? []).length === 4);
    expect(heard).toMatch(/^(?:\+OK\r\n){2}(?:-TRYAGAIN nothing was done: [^\r]*requestsPerSecondMax\)\r\n){2}$/);
    expect(kv.asked).toHaveLength(2);
  });

  it("T07 breaks off a command that does not arrive, and a connection that asks nothing", async () => {
    const slow = await raw(await redis({ arrivalTimeoutMs: 80 }, Access.open));
    slow.say("PING\r\n*2\r\n$3\r\nGET\r\n$5\r\nhal");
    expect(await slow.end()).toBe("+PONG\r\n-ERR Protocol error: a command did not arrive within 80 ms\r\n");
    const idle = await raw(await redis({ idleTimeoutMs: 50 }, Access.open));
    expect(await idle.end()).toBe("");
  });

  it("T07 tells who is one too many from one address", async () => {
    const port = await redis({ connectionsPerAddressMax: 1 }, Access.open);
    const first = await raw(port);
    expect(await (await raw(port)).end()).toMatch(/^-ERR max number of clients reached from this address/);
    first.socket.destroy();
    await first.end();
    await expect.poll(async () => (await raw(port)).exchange("PING\r\n").catch(() => "")).toBe("+PONG\r\n");
  });
});

describe("the client door", () => {
  it("lets each role do what it may", async () => {
    const port = await door();
    expect(await client(port, "write").put("k", "v")).toBe(true);
    const reader = client(port, "read");
    expect(await reader.get("k", { consistency: "lease" })).toBeNull();
    await reader.get("k");
    const refused = await reader.propose(put("k", "v"));
    expect(refused).toMatchObject({
      outcome: "refused",
      error: { code: "AccessDenied", message: expect.stringContaining("read") },
    });
    expect(kv.asked).toEqual([expect.stringContaining("command"), "lease get", "get"]);
  });

  it("lets operators ask by their role", async () => {
    const port = await door();
    const admin = (user: string) => {
      const endpoints = [{ host: "127.0.0.1", port }];
      const made = new ClusterAdmin({ endpoints, credentials: { user, password: SECRET } });
      clients.push(made);
      return made;
    };
    expect(await admin("read").getLeader()).toEqual({ outcome: "ok", value: "n1" });
    expect(await admin("write").change(ADD_N4)).toMatchObject({ outcome: "refused", error: { code: "AccessDenied" } });
    expect(administered.told).toEqual([]);
    expect(await admin("admin").change(ADD_N4)).toMatchObject({ outcome: "ok", value: { configurationIndex: 7 } });
    expect(administered.told).toEqual([["change", ADD_N4, {}]]);
    expect(await admin("none").getLeader()).toMatchObject({ outcome: "refused", error: { code: "AccessDenied" } });
  });

  it("T07 M07 who waits for an answer is not idle", async () => {
    const port = await door({ idleTimeoutMs: 600 }, Access.open);
    const asked = new ClusterAdmin({ endpoints: [{ host: "127.0.0.1", port }] });
    clients.push(asked);
    let answer = () => {};
    administered.held = new Promise((resolve) => {
      answer = resolve;
    });
    const changing = asked.change(ADD_N4);
    await expect.poll(() => administered.told.length).toBe(1);
    const other = await raw(await door({ idleTimeoutMs: 600, greetingTimeoutMs: 1_800 }, Access.open));
    await other.end(); // three times as long as anybody may be idle
    answer();
    expect(await changing).toMatchObject({ outcome: "ok" });
  });

  it("refuses at once who is not known, wrong, or silent, and repeats no password", async () => {
    const port = await door();
    for (const caller of [
      client(port),
      client(port, "write", "sesame-open"),
      client(port, "nobody"),
      client(port, "none"),
    ]) {
      const begun = performance.now();
      const error = await caller.get("k").then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: "AccessDenied",
        outcome: "refused",
        message: expect.stringContaining("credentials"),
      });
      expect(performance.now() - begun).toBeLessThan(12_000); // long before its deadline
      expect(inspect(error, { depth: 10 })).not.toMatch(/sesame/);
      // And again: it is asked anew, and neither hangs nor spins.
      expect((await caller.propose(put("k", "v"))).outcome).toBe("refused");
    }
    expect(kv.asked).toEqual([]);
  });

  it("T09 a hello without the two fields is anybody's, also where there are users", async () => {
    const caller = client(await door({}, new Access(new Map([["a", userOf("write", SECRET)]]), "read")));
    await caller.get("k");
    expect((await caller.propose(put("k", "v"))).outcome).toBe("refused");
  });

  it("T09 credentials are no hindrance where nobody asks for them", async () => {
    expect(await client(await door({}, Access.open), "anybody").put("k", "v")).toBe(true);
  });

  it("T07 refuses what one connection asks too much; the client waits, and asks again", async () => {
    const port = await door({ requestsPerSecondMax: 5 }, Access.open);
    const caller = client(port);
    const answers = await Promise.all(Array.from({ length: 8 }, () => caller.propose(put("k", "v"))));
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => "ok"));
    expect(kv.asked).toHaveLength(8);
  });

  it("T07 refuses a request that is too large, breaks off one that does not arrive, and closes who asks nothing", async () => {
    const large = await client(await door({ requestBytesMax: 1_024 }, Access.open)).propose(
      put("k", "v".repeat(2_000)),
    );
    expect(large).toMatchObject({
      outcome: "refused",
      error: { code: "EntryTooLarge", message: expect.stringContaining("requestBytesMax") },
    });
    const slow = await raw(await door({ arrivalTimeoutMs: 60 }, Access.open));
    slow.say("\x20\0\0\0\x01half");
    expect(await slow.end()).toContain("a frame did not arrive within 60 ms");
    const idle = await raw(await door({ greetingTimeoutMs: 40 }, Access.open));
    expect(await idle.end()).toContain("no hello within 40 ms");
    expect(kv.asked).toEqual([]);
  });

  it("T07 tells who is one too many from one address", async () => {
    const port = await door({ connectionsPerAddressMax: 1 }, Access.open);
    await raw(port);
    expect(await (await raw(port)).end()).toContain("max number of clients reached from this address");
  });

  it("does not show its password, whoever prints it", async () => {
    const caller = client(await door(), "write");
    await caller.get("k");
    await caller.get("k", { from: "any" });
    expect(inspect(caller, { depth: 20, showHidden: true })).not.toContain(SECRET);
    expect(inspect(caller, { depth: 20 })).not.toContain(Buffer.from(SECRET).toString("hex").match(/../g)?.join(" "));
    for (const credentials of [
      { user: 5, password: SECRET },
      { password: "" },
      { user: "", password: SECRET },
    ] as never[]) {
      let thrown: unknown;
      try {
        clients.push(new HexraftClient({ endpoints: [{ host: "127.0.0.1", port: 1 }], credentials }));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "BadOption", details: { field: "credentials" } });
      expect(inspect(thrown, { depth: 5 })).not.toContain(SECRET);
    }
  });
});

describe("TokenBucket", () => {
  it("T07 lets a second's worth through at once, and then as many as it says", () => {
    const bucket = new TokenBucket(10, 1_000);
    const takes = (now: number) => Array.from({ length: 30 }, () => bucket.take(now)).filter(Boolean).length;
    expect([takes(1_000), takes(1_000), takes(1_200), takes(1_250), takes(9_000)]).toEqual([10, 0, 2, 0, 10]);
  });
});
