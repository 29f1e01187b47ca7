import { execFile } from "node:child_process";
import { join } from "node:path";
import { HexraftClient, keyRanges } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";
import { freePorts } from "@hexraft/testing/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "./support/raw-client.js";
import { MAIN, nodeArguments } from "./support/serve-process.js";
import { STEADY_MS, ThreeNodes, until } from "./support/three-nodes.js";

const SPLIT_AT = "g,n,t";
const GROUPS = keyRanges(SPLIT_AT.split(",")).map(({ group }) => group);
/** One of each group. */
const WORDS = ["apple", "grape", "nut", "tomato"];

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { flags: ["--split-at", SPLIT_AT], electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

/** `hexraft …`, with how it ended. */
function shell(args: readonly string[]) {
  const doors = cluster.endpoints.map(({ host, port }) => `${host}:${port}`).join(",");
  const options = { env: { ...process.env, HEXRAFT_CLUSTER: doors } };
  return new Promise<{ readonly code: number; readonly out: string; readonly error: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], options, (failure, out, error) =>
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error }),
    );
  });
}

const urlOf = (id: string) => `http://${cluster.of(id).listening.http}`;
/** As any client asks: once more where there is no leader for the moment, or nobody can tell. What is asked here may be repeated. */
const http = (id: string, method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  until(`answer to ${method} ${path}`, async () => {
    const answer = await fetch(`${urlOf(id)}${path}`, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();
    if (answer.status === 503 || answer.status === 504) return undefined;
    return { status: answer.status, text, token: answer.headers.get("hexraft-read-token") };
  });
/** The same over the Redis protocol. */
const resp = (id: string, commands: string) =>
  until(`answer to ${commands}`, async () => {
    const client = await RawClient.to(cluster.respPort(id));
    const said = await client.exchange(`${commands}\r\n`);
    client.socket.destroy();
    return /^-(?:CLUSTERDOWN|TRYAGAIN|UNKNOWN) /m.test(said) ? undefined : said;
  });
/** How many of the groups nodes lead, from the fewest to the most. */
const counts = async () => {
  const leaders = [...(await cluster.leaders()).values()];
  return cluster.ids.map((id) => leaders.filter((leader) => leader === id).length).toSorted((a, b) => a - b);
};

/** E21: on a busy host nobody may take over within an election timeout: that is refused, and an operator asks again. */
const evenedOut = async (): Promise<string> => {
  let told = "";
  await until("leaders that are evened out", async () => {
    const { code, out, error } = await shell(["admin", "rebalance"]);
    told += out;
    return code === 0 && error === "" ? true : undefined;
  });
  return told;
};

describe("several groups behind one door", () => {
  it("G01 every key is in the group of its range, whichever node and door it goes through", async () => {
    for (const [at, word] of WORDS.entries())
      expect((await http(cluster.ids[at % 3] as string, "PUT", `/v1/kv/${word}`, `the ${word}`)).status).toBe(200);
    for (const word of WORDS) expect(await resp("n3", `GET ${word}`)).toBe(`$${word.length + 4}\r\nthe ${word}\r\n`);
    expect(await resp("n2", "DBSIZE")).toBe(":4\r\n");
    const page = JSON.parse((await http("n1", "GET", "/v1/kv?limit=10")).text) as { readonly next: string };
    expect(page).toEqual({ entries: [{ key: "apple", value: "the apple" }], next: "g" });
    for (const [group, word] of GROUPS.map((each, at) => [each, WORDS[at]] as const)) {
      const { token } = await http("n1", "GET", `/v1/kv/${word}`);
      const { appliedIndex } = await cluster.ask<{ readonly appliedIndex: number }>("n1", `/v1/status?group=${group}`);
      expect([group, token]).toEqual([group, expect.stringContaining(`/${group}/`)]);
      expect(appliedIndex).toBeGreaterThanOrEqual(2);
      expect((await http("n2", "GET", `/v1/kv/${word}?atLeast=${encodeURIComponent(token as string)}`)).status).toBe(
        200,
      );
    }
  });

  it("G01 C03 what reaches over groups is refused at every door, and says what to do", async () => {
    const commands = WORDS.slice(0, 2).map((key) => ({ op: "put", key, value: "x" }));
    const over = await http("n1", "POST", "/v1/batch", JSON.stringify({ commands }));
    expect(over.status).toBe(400);
    expect(over.text).toContain("its keys are in several groups (..g, g..n)");
    expect(await resp("n1", "MSET apple 1 tomato 2")).toMatch(/^-ERR Nothing was done: its keys are in several groups/);
    expect(await resp("n1", "MSET apple one avocado two")).toBe("+OK\r\n");
    expect(await resp("n1", "HEXRAFT TOKEN")).toMatch(/^-ERR several groups are served here/);
    expect(await resp("n1", "HEXRAFT TOKEN nut")).toContain("/n..t/");
    expect(await resp("n1", "INFO hexraft")).toMatch(/group_g\.\.n:role=\w+,term=\d+,leader=n\d/);
  });

  it("G01 C03 a HexraftClient has a group, with sessions of its own, and is told where a key belongs", async () => {
    const client = new HexraftClient({ endpoints: cluster.endpoints, group: "n..t", deadlineMs: 30_000 });
    await client.put("plum", "blue");
    expect(await client.increment("number")).toBe(1n);
    const stray = await client.propose(put("apple", "?"));
    expect(stray).toMatchObject({
      outcome: "refused",
      error: { message: expect.stringContaining("in the group ..g") },
    });
    const own = client.range({ limit: 10 });
    expect((await own).entries.map(({ key }) => Buffer.from(key).toString())).toEqual(["number", "nut", "plum"]);
    client.close();
    for (const [group, why] of [
      ["x..y", 'there is no group "x..y" here (there are ..g, g..n, n..t, t..)'],
      [undefined, "several groups are served here, say which one is meant"],
    ] as const) {
      const lost = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 30_000, ...(group && { group }) });
      const refused = await lost.propose(put("a", "?"));
      expect(refused).toMatchObject({ outcome: "refused", error: { message: expect.stringContaining(why) } });
      lost.close();
    }
  });

  it("G01 C03 C04 a session over HTTP or the Redis protocol is one of all groups, on any node", async () => {
    const opened = await http("n1", "POST", "/v1/sessions", `{"nonce":"${"ab".repeat(16)}"}`);
    const { session, ttlMs } = JSON.parse(opened.text) as { readonly session: string; readonly ttlMs: number };
    expect([session, ttlMs]).toEqual([expect.stringMatching(/^\d+(?:\.\d+){3}$/), 300_000]);
    const increment = async (id: string, key: string, sequence: number, of = session) => {
      const headers = { "hexraft-session": of, "hexraft-sequence": `${sequence}` };
      const { status, text } = await http(id, "POST", `/v1/incr/${key}`, undefined, headers);
      return [status, (JSON.parse(text) as { readonly value?: number }).value];
    };
    const counters = ["ant", "hen", "owl", "yak"];
    for (const [at, key] of counters.entries())
      for (const id of cluster.ids) expect([key, await increment(id, key, at + 1)]).toEqual([key, [200, 1]]);
    expect(await resp("n3", `HEXRAFT SESSION OPEN ${"ab".repeat(16)}`)).toBe(`$${session.length}\r\n${session}\r\n`);
    const typed = [`HEXRAFT SESSION USE ${session} 2`, "INCR hen", "INCR owl", "INCR owl", "HEXRAFT SESSION"];
    expect(await resp("n3", typed.join("\r\n"))).toBe(
      `+OK\r\n:1\r\n:1\r\n:2\r\n*3\r\n$${session.length}\r\n${session}\r\n:5\r\n:0\r\n`,
    );
    expect(await increment("n2", "owl", 4)).toEqual([200, 2]);
    expect(await increment("n2", "owl", 1, session.replace(/^\d+/, "999999"))).toEqual([200, 3]); // it is the third number that counts
    expect((await increment("n2", "ant", 9, session.replace(/^\d+/, "999999")))[0]).toBe(410);
    expect((await increment("n2", "ant", 9, "17"))[0]).toBe(400);
  });

  it("O01 O02 O07 operators ask each group by its name, and without one are told the names", async () => {
    const unnamed = await http("n1", "GET", "/v1/status");
    expect([unnamed.status, unnamed.text]).toEqual([400, expect.stringContaining("there are ..g, g..n, n..t, t..")]);
    expect((await http("n1", "GET", "/v1/explain?group=t..&format=text")).text).toMatch(/lead|follow/i);
    expect((await http("n1", "GET", "/v1/hash?group=nobody")).status).toBe(400);
    await until("members, of the leader", async () => {
      const leader = (await cluster.leaders()).get("g..n") as string;
      const { status } = await fetch(`${urlOf(leader)}/v1/admin/members?group=g..n`, { method: "POST" });
      return status === 200 ? true : undefined; // it may have changed meanwhile
    });
    const said = cluster.of("n1").process.out.split("\n");
    const named = said.filter((line) => line.includes("kind=leader")).map((line) => / group=(\S+)/.exec(line)?.[1]);
    expect(new Set(named)).toEqual(new Set(GROUPS));
    const scraped = (await http("n1", "GET", "/metrics")).text.split("\n");
    const terms = scraped.filter((line) => line.startsWith("hexraft_term{"));
    expect(terms.map((line) => /group="([^"]*)"/.exec(line)?.[1])).toEqual(GROUPS);
    expect(scraped.filter((line) => line === "# TYPE hexraft_term gauge")).toHaveLength(1);
    expect((await http("n1", "GET", "/healthz")).text).toBe("ok\n");
    expect((await http("n1", "GET", "/readyz")).status).toBe(200);
    const explained = await shell(["explain", "--from", urlOf("n2"), "--group", "g..n"]);
    expect(explained).toMatchObject({ code: 0, out: expect.stringMatching(/^n2/) });
    for (const unknown of [[], ["--group", "typo"]]) {
      const refused = await shell(["explain", "--from", urlOf("n2"), ...unknown]);
      expect(refused).toMatchObject({ code: 1, out: expect.stringContaining("there are ..g, g..n, n..t, t..") });
    }
    expect((await shell(["explain", "--help"])).out).toContain("--group <id>");
  });

  it("G04 hexraft admin lists groups, asks one of them, and evens leaders out", async () => {
    for (const group of GROUPS)
      await until(`n1 leads ${group}`, async () => {
        await shell(["admin", "transfer", "n1", "--group", group]);
        return (await cluster.leaders()).get(group) === "n1" ? true : undefined;
      });
    expect(await counts()).toEqual([0, 0, 4]);
    const told = cluster.ids.flatMap((id) => cluster.of(id).process.out.split("\n"));
    for (const group of GROUPS)
      expect(told).toContainEqual(expect.stringMatching(`an operator asks .*verb=transfer-leadership group=${group}`));
    const listed = await shell(["admin", "groups"]);
    expect(listed.out.split("\n").filter((line) => line !== "")).toHaveLength(4);
    expect(listed.out).toMatch(/^\.\.g {3}led by n1 in term \d+, committed up to \d+/);
    expect(await shell(["admin", "leader", "--group", "t.."])).toMatchObject({ code: 0, out: "n1\n" });
    expect(await shell(["admin", "leader"])).toMatchObject({
      code: 1,
      error: expect.stringContaining("say which one"),
    });
    expect(await shell(["admin", "leader", "--group", "typo"])).toMatchObject({
      code: 1,
      error: expect.stringContaining('there is no group "typo" here (there are ..g, g..n, n..t, t..)'),
    });
    expect(await evenedOut()).toMatch(/: n1 handed over to n[23]/);
    expect(await counts()).toEqual([1, 1, 2]);
    expect(JSON.parse((await shell(["admin", "rebalance", "--json"])).out)).toEqual({
      outcome: "ok",
      value: { moves: [], unknown: [] },
    });
  });

  it("G01 G03 C02 a process is killed that leads: its groups go on elsewhere, and nothing acknowledged is lost", async () => {
    const victim = (await cluster.leaders()).get("..g") as string;
    const others = cluster.ids.filter((id) => id !== victim);
    const load = { on: true };
    const written: string[] = [];
    const writer = async (letter: string, id: string) => {
      for (let i = 0; load.on; i++) {
        const key = `${letter}-${i}`;
        const answer = await http(id, "PUT", `/v1/kv/${key}`, key).catch(() => undefined);
        if (answer?.status === 200) written.push(key);
      }
    };
    const writers = ["a", "h", "o", "u"].map((letter, at) => writer(letter, others[at % 2] as string));
    await until("some writes", async () => (written.length > 40 ? true : undefined));
    await cluster.of(victim).process.signal("SIGKILL");
    const before = written.length;
    await cluster.leaders(others);
    for (const letter of ["a", "h", "o", "u"])
      await until(`writes of ${letter} afterwards`, async () =>
        written.slice(before).some((key) => key.startsWith(letter)) ? true : undefined,
      );
    load.on = false;
    await Promise.all(writers);
    await cluster.startOne(victim);
    await cluster.leaders();
    for (const key of written) expect([key, (await http(victim, "GET", `/v1/kv/${key}`)).text]).toEqual([key, key]);
    await evenedOut();
    expect(await counts()).toEqual([1, 1, 2]);
  });

  it("M04 M07 G01 a fourth node is let into the groups one by one, serves all keys then, and leaves again", async () => {
    const { workshop } = cluster;
    const [port = 0] = await freePorts(1);
    const timing = ["--split-at", SPLIT_AT, "--election-timeout", `${STEADY_MS}`];
    const newcomer = workshop.run(...nodeArguments(workshop.directory, "n4", port), ...timing);
    const { http: door = "" } = await newcomer.ready;
    const get = (path: string) => fetch(`http://${door}${path}`);
    expect((await get("/readyz")).status).toBe(503);
    for (const group of GROUPS)
      expect(await shell(["admin", "add-peer", `n4=127.0.0.1:${port}`, "--group", group])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/n4 +voter/),
      });
    for (const word of WORDS)
      await expect.poll(async () => [word, (await get(`/v1/kv/${word}`)).status]).toEqual([word, 200]);
    for (const group of GROUPS)
      expect(await shell(["admin", "remove-peer", "n4", "--group", group])).toMatchObject({ code: 0, error: "" });
    expect(await newcomer.signal("SIGTERM")).toBe(0);
  });

  it("F08 a group is backed up by its name, and becomes a cluster of its own", async () => {
    const { workshop } = cluster;
    const file = join(workshop.directory, "plums.backup");
    const from = cluster.ids.map(urlOf).join(",");
    const taken = await until("a backup from the leader", async () => {
      const asked = await shell(["backup", file, "--from", from, "--group", "n..t", "--leader"]);
      return asked.code === 0 ? asked : undefined;
    });
    expect(taken.error).toContain("group n..t of cluster");
    const home = join(workshop.directory, "m1");
    const group = ["--group-id", "n..t"];
    const restored = await shell([
      "restore",
      file,
      "--new-cluster",
      "--node-id",
      "m1",
      "--data-directory",
      home,
      ...group,
    ]);
    expect(restored).toMatchObject({ code: 0, error: "" });
    expect(restored.out).toMatch(/hexraft serve --group-id n\.\.t --node-id m1/);
    const { process: alone, listening } = await workshop.single("m1", ...group);
    const answer = await until("the restored plum", async () => {
      const found = await fetch(`http://${listening.http}/v1/kv/plum`);
      return found.status === 200 ? await found.text() : undefined;
    });
    expect(answer).toBe("blue");
    expect(await alone.signal("SIGTERM")).toBe(0);
  });

  it("G01 keys cannot be split anew over a directory, nor groups be mixed with one that is alone", async () => {
    const { workshop } = cluster;
    await cluster.of("n3").process.signal("SIGTERM");
    const start = (id: string, ...flags: string[]) =>
      workshop.run(...nodeArguments(workshop.directory, id, 0), ...flags);
    for (const [id, flags, why] of [
      [
        "n3",
        ["--split-at", "h,n,t"],
        /splitAt is \["h","n","t"\], but it must split the keys as .* there are the groups/,
      ],
      ["n3", [], /holds the log that many groups share/],
      ["m1", ["--split-at", SPLIT_AT], /log that is the group n\.\.t's alone/],
    ] as const) {
      const process = start(id, ...flags);
      expect([id, flags, await process.end(), process.error]).toEqual([
        id,
        flags,
        expect.any(Number),
        expect.stringMatching(why),
      ]);
      expect(await process.exited).not.toBe(0);
    }
    await cluster.startOne("n3");
    await cluster.leaders();
  });
});
