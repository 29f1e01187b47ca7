import { connect } from "node:net";
import type { NodeDescription } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Groups } from "../src/groups/groups.js";
import { DEFAULT_HTTP_LIMITS, HttpFront } from "../src/http/http-server.js";
import { deskOf } from "./support/administered.js";
import { LocalKv } from "./support/local-kv.js";
import { madeUpBackup } from "./support/made-up-backup.js";
import { RawClient } from "./support/raw-client.js";

let kv: LocalKv;
let front: HttpFront;
let port: number;
let description: { leader: string | null; term: number; halted: string; text: string };
const explanation = {
  nodeId: "n1",
  findings: [{ about: "leader", code: "leads", text: "It leads." }],
  text: "It leads.",
} as const;
let applied: { index: number; term: number; hash: string };

beforeEach(async () => {
  kv = new LocalKv();
  description = { leader: "n1", term: 3, halted: "", text: "n1 leads" };
  applied = { index: 9, term: 3, hash: "00ff" };
  await openFront();
});
afterEach(() => front.stop());

async function openFront(limits: Partial<typeof DEFAULT_HTTP_LIMITS> = {}): Promise<void> {
  const describeNode = () => description as unknown as NodeDescription;
  front = new HttpFront(
    {
      kv,
      admin: deskOf(),
      groups: new Groups([
        {
          id: "main",
          kv,
          admin: deskOf(),
          describe: describeNode,
          explain: () => explanation,
          stateHash: () => Promise.resolve(applied),
          backup: async () => madeUpBackup(1_000),
        },
      ]),
      scrape: async () => ({ type: "text/plain", body: "hexraft_term 3\n" }),
    },
    { ...DEFAULT_HTTP_LIMITS, requestBytesMax: 1_000, ...limits },
  );
  port = (await front.start({ host: "127.0.0.1", port: 0 })).port;
}

async function ask(method: string, path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}
const asked = async (method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>) => {
  const { status, text } = await ask(method, path, body, headers);
  return [status, JSON.parse(text) as unknown] as const;
};

describe("/v1/kv/<key>", () => {
  it("keeps bytes as they are, in keys and in values", async () => {
    const value = Uint8Array.from([0, 255, 13, 10]);
    expect(await asked("PUT", "/v1/kv/a%2Fb%00%FF", value)).toEqual([200, { done: true }]);
    const got = await ask("GET", "/v1/kv/a%2Fb%00%FF");
    expect([got.status, [...got.bytes]]).toEqual([200, [0, 255, 13, 10]]);
    expect(await asked("GET", "/v1/kv/a%2Fb%00%FF", undefined, { accept: "application/json" })).toEqual([
      200,
      { keyBase64: Buffer.from("a/b\0\xff", "latin1").toString("base64"), valueBase64: "AP8NCg==" },
    ]);
  });

  it("takes dots for a key, not for a way up", async () => {
    const raw = await RawClient.to(port);
    raw.say("PUT /v1/kv/x/../%2e%2e HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nconnection: close\r\n\r\ndots");
    expect(await raw.end()).toMatch(/^HTTP\/1.1 200 /);
    expect((await ask("GET", "/v1/kv/x%2F..%2F..")).text).toBe("dots");
  });

  it("takes JSON if it is called so", async () => {
    const type = { "content-type": "application/json" };
    await ask("PUT", "/v1/kv/k", '{"value":"über"}', type);
    expect((await ask("GET", "/v1/kv/k")).text).toBe("über");
    await ask("PUT", "/v1/kv/k", '{"valueBase64":"AAE="}', type);
    expect([...(await ask("GET", "/v1/kv/k")).bytes]).toEqual([0, 1]);
    expect((await asked("PUT", "/v1/kv/k", '{"valu":"x"}', type))[0]).toBe(400);
    expect((await asked("PUT", "/v1/kv/k", "{", type))[0]).toBe(400);
    expect((await asked("PUT", "/v1/kv/k", "[1]", type))[0]).toBe(400);
  });

  it("says 404 for what is not there, 409 for a condition that is not met", async () => {
    expect((await asked("GET", "/v1/kv/k"))[0]).toBe(404);
    expect(await asked("DELETE", "/v1/kv/k")).toEqual([404, { deleted: 0, error: "NotFound" }]);
    expect(await asked("PUT", "/v1/kv/k?xx", "1")).toEqual([409, { done: false, error: "NotFound" }]);
    expect(await asked("PUT", "/v1/kv/k?nx=1", "1")).toEqual([200, { done: true }]);
    expect(await asked("PUT", "/v1/kv/k?nx=1", "2")).toEqual([409, { done: false, error: "Exists" }]);
    expect(await asked("PUT", "/v1/kv/k?cas=2", "3")).toEqual([409, { done: false, error: "Different", actual: "1" }]);
    expect(await asked("PUT", "/v1/kv/k?cas=1", "3")).toEqual([200, { done: true }]);
    expect(await asked("DELETE", "/v1/kv/k?cas=1")).toEqual([409, { done: false, error: "Different", actual: "3" }]);
    expect(await asked("DELETE", "/v1/kv/k")).toEqual([200, { deleted: 1 }]);
  });

  it("lets a key live for ttlMs of log time", async () => {
    await ask("PUT", "/v1/kv/k?ttlMs=500", "v");
    kv.logTimeMs += 600;
    await ask("PUT", "/v1/kv/other", "the log goes on");
    expect((await ask("GET", "/v1/kv/k")).status).toBe(404);
  });

  it.each([
    ["PUT", "/v1/kv/k?ttlms=5"],
    ["PUT", "/v1/kv/k?ttlMs=0"],
    ["PUT", "/v1/kv/k?ttlMs=1.5"],
    ["PUT", "/v1/kv/k?ttlMs=5&keepTtl"],
    ["PUT", "/v1/kv/k?nx&xx"],
    ["PUT", "/v1/kv/k?nx=maybe"],
    ["PUT", "/v1/kv/"],
    ["PUT", "/v1/kv/%zz"],
    ["GET", "/v1/kv/k?consistency=strong"],
    ["GET", "/v1/kv/k?maxStalenessMs=-1"],
    ["GET", "/v1/kv/k?maxStalenessMs=soon"],
    ["GET", "/v1/kv/k?maxStalenessMs=5&consistency=lease"],
    ["GET", "/v1/kv?limit=0"],
    ["GET", "/v1/kv?limit=1&limit=2"],
    ["GET", "/v1/hash?groop=main"],
    ["GET", "/v1/status?format=xml"],
    ["GET", "/v1/explain?group=main&group=other"],
    ["POST", "/v1/incr/k?by=x"],
    ["POST", "/v1/incr/k?by=9223372036854775808"],
  ])("refuses %s %s with 400, and changes nothing", async (method, path) => {
    const [status, body] = await asked(method, path, method === "GET" ? undefined : "v");
    expect([status, body]).toEqual([
      400,
      expect.objectContaining({ error: "BadRequest", message: expect.any(String) }),
    ]);
    expect(kv.asked).toEqual([]);
  });

  it("Q06 reads locally only if it is told to", async () => {
    await ask("GET", "/v1/kv/k");
    await ask("GET", "/v1/kv/k?consistency=local");
    expect(kv.asked).toEqual(["get", "local get"]);
  });

  it("Q05 Q08 reads as new as it is asked to", async () => {
    await ask("GET", "/v1/kv/k?consistency=lease");
    await ask("GET", "/v1/kv/k?maxStalenessMs=250");
    await ask("GET", "/v1/kv?atLeast=12");
    await ask("GET", "/v1/kv/k?atLeast=cluster%2Fmain%2F0%2F7");
    expect(kv.asked).toEqual([
      "lease get",
      "maxStalenessMs 250 get",
      "atLeast 12 range",
      "atLeast cluster/main/0/7 get",
    ]);
    kv.failures.push(new RaftError("TokenRefused", "refused", "another cluster"));
    expect((await asked("GET", "/v1/kv/k?atLeast=x%2Fmain%2F0%2F7"))[0]).toBe(400);
  });

  it("Q08 says with every answer on data what a later read can ask for; other routes do not", async () => {
    const token = async (method: string, path: string, body?: string) =>
      (await ask(method, path, body)).headers.get("hexraft-read-token");
    expect(await token("PUT", "/v1/kv/k", "v")).toBe("cluster/main/0/1");
    expect(await token("POST", "/v1/incr/n")).toBe("cluster/main/0/2");
    expect(await token("GET", "/v1/kv/k")).toBe("cluster/main/0/2");
    expect(await token("GET", "/healthz")).toBeNull();
  });
});

describe("the other routes", () => {
  it("GET /v1/kv pages through a range, both ways", async () => {
    for (const key of ["a", "b", "c", "d"]) await ask("PUT", `/v1/kv/${key}`, key.toUpperCase());
    expect(await asked("GET", "/v1/kv?start=b&limit=2")).toEqual([
      200,
      {
        entries: [
          { key: "b", value: "B" },
          { key: "c", value: "C" },
        ],
        next: "d",
      },
    ]);
    expect(await asked("GET", "/v1/kv?start=b&end=d&reverse")).toEqual([
      200,
      {
        entries: [
          { key: "c", value: "C" },
          { key: "b", value: "B" },
        ],
        next: null,
      },
    ]);
  });

  it("POST /v1/incr counts beyond 2⁵³ without losing a digit", async () => {
    expect((await ask("POST", "/v1/incr/n?by=9007199254740993")).text).toBe('{"value":"9007199254740993"}\n');
    expect((await ask("POST", "/v1/incr/n")).text).toBe('{"value":"9007199254740994"}\n');
    await ask("PUT", "/v1/kv/s", "text");
    expect(await asked("POST", "/v1/incr/s")).toEqual([
      409,
      expect.objectContaining({ error: "NotAnInteger", outcome: "refused" }),
    ]);
  });

  it("POST /v1/batch does all or none", async () => {
    const commands = [
      { op: "put", key: "a", value: "1" },
      { op: "increment", key: "a", by: 4 },
      { op: "expire", key: "a", ttlMs: 1_000 },
      { op: "persist", key: "a" },
      { op: "compareAndSet", key: "a", expected: "5", value: "6" },
      { op: "delete", key: "b" },
    ];
    expect(await asked("POST", "/v1/batch", JSON.stringify({ commands }))).toEqual([
      200,
      {
        results: [
          { op: "put", done: true },
          { op: "increment", value: 5 },
          { op: "expire", done: true },
          { op: "persist", done: true },
          { op: "compareAndSet", done: true, actual: null },
          { op: "delete", deleted: 0 },
        ],
      },
    ]);
    const second = [
      { op: "put", key: "a", value: "7" },
      { op: "put", key: "a", value: "8", condition: "absent" },
    ];
    expect(await asked("POST", "/v1/batch", JSON.stringify({ commands: second }))).toEqual([
      409,
      expect.objectContaining({ error: "BatchRejected" }),
    ]);
    expect((await ask("GET", "/v1/kv/a")).text).toBe("6");
  });

  it.each([
    "{}",
    '{"commands":[]}',
    '{"commands":[1]}',
    '{"commands":[{"op":"put","key":"a"}]}',
    '{"commands":[{"op":"drop","key":"a"}]}',
    '{"commands":[{"op":"increment","key":"a","by":1.5}]}',
    '{"commands":[{"op":"put","key":"a","keyBase64":"YQ==","value":""}]}',
    '{"commands":[{"op":"put","key":1,"value":""}]}',
    "not json",
  ])("POST /v1/batch refuses %s", async (body) => {
    expect((await asked("POST", "/v1/batch", body))[0]).toBe(400);
    expect(kv.asked).toEqual([]);
  });

  it("O01 GET /v1/status is data, and text for reading", async () => {
    expect(await asked("GET", "/v1/status")).toEqual([200, description]);
    expect((await ask("GET", "/v1/status?format=text")).text).toBe("n1 leads\n");
    expect(await asked("GET", "/v1/explain")).toEqual([200, explanation]);
    expect((await ask("GET", "/v1/explain?format=text")).text).toBe("It leads.\n");
    expect((await ask("GET", "/metrics")).text).toBe("hexraft_term 3\n");
    expect((await ask("GET", "/metrics?x=1")).status).toBe(400);
  });

  it("O06 GET /v1/hash names index, term and hash", async () => {
    expect(await asked("GET", "/v1/hash")).toEqual([200, applied]);
  });

  it("/readyz waits until the leader's term has been applied here; /healthz does not", async () => {
    applied = { ...applied, term: 2 };
    expect([(await ask("GET", "/readyz")).status, (await ask("GET", "/healthz")).status]).toEqual([503, 200]);
    applied = { ...applied, term: 3 };
    expect((await ask("GET", "/readyz")).status).toBe(200);
    description.leader = null;
    expect((await ask("GET", "/readyz")).status).toBe(503);
    description.halted = "L04 the disk failed";
    expect([(await ask("GET", "/readyz")).status, (await ask("GET", "/healthz")).status]).toEqual([503, 503]);
  });

  it("names the routes there are, and the methods they take", async () => {
    expect((await ask("GET", "/")).status).toBe(404);
    const wrong = await ask("POST", "/v1/kv/k", "v");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, PUT, DELETE"]);
  });
});

describe("what goes wrong", () => {
  it.each([
    ["C02 unknown is 504 and says so", "LeadershipLost", "unknown", 504, { outcome: "unknown" }],
    ["C01 no leader is 503, refused", "NotLeader", "refused", 503, { outcome: "refused", error: "NoLeader" }],
    ["R12 overload is 503, refused", "Overloaded", "refused", 503, { outcome: "refused", error: "TryAgain" }],
    ["R10 too large is 413", "EntryTooLarge", "refused", 413, { outcome: "refused" }],
    ["F03 what does not fit is 400", "BadCommand", "refused", 400, { outcome: "refused" }],
  ] as const)("%s", async (_title, code, outcome, status, body) => {
    kv.failures.push(new RaftError(code, outcome, "why"));
    const reply = await ask("PUT", "/v1/kv/k", "v");
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toMatchObject(body);
    expect(reply.headers.get("retry-after")).toBe(status === 503 ? "1" : null);
    expect(kv.asked, "asked once").toEqual(["put"]);
  });

  it("bounds bodies, announced or not", async () => {
    expect((await ask("PUT", "/v1/kv/k", "x".repeat(1_001))).status).toBe(413);
    expect((await ask("PUT", "/v1/kv/k", "x".repeat(1_000))).status).toBe(200);
    const raw = await RawClient.to(port);
    raw.say(
      `PUT /v1/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${`3e8\r\n${"x".repeat(1_000)}\r\n`.repeat(2)}`,
    );
    expect(await raw.until((heard) => heard.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 413 /);
    raw.socket.destroy();
  });

  it("T07 reaps a client that never ends its head", async () => {
    await front.stop();
    await openFront({ greetingTimeoutMs: 200, arrivalTimeoutMs: 400 });
    const raw = await RawClient.to(port);
    raw.say("GET /v1/kv/k HTTP/1.1\r\nx: ");
    expect(await raw.end()).toMatch(/^HTTP\/1.1 408 /);
  });

  it("answers garbage with 400 and closes", async () => {
    const raw = await RawClient.to(port);
    raw.say("\x00\x01\x02garbage\r\n\r\n");
    expect(await raw.end()).toMatch(/^HTTP\/1.1 400 /);
  });

  it("O04 stops with idle and with waiting clients connected", async () => {
    const idle = connect(port, "127.0.0.1");
    await ask("GET", "/healthz");
    const open = kv.hold();
    const waiting = ask("PUT", "/v1/kv/k", "v").catch(() => "cut");
    await expect.poll(() => kv.underWay).toBe(1);
    await front.stop();
    expect(await waiting).toBe("cut");
    open();
    idle.destroy();
  });
});
