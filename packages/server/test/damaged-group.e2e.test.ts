import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClusterGroup, HexraftClient } from "@hexraft/client";
import { afterEach, describe, expect, it } from "vitest";
import { RawClient } from "./support/raw-client.js";
import { nodeArguments, Workshop } from "./support/serve-process.js";
import { STEADY_MS, ThreeNodes, until } from "./support/three-nodes.js";

/** Groups ..g, g..n, n.. */
const SPLIT = ["--split-at", "g,n"];
const MARK = "here it will be rotten";
/** What a record of a block in a segment begins with (docs/FORMAT.md), and where its number in its group stands. */
const BLOCK_RECORD = Buffer.from([0x48, 0x52, 4, 0]);
const SEQUENCE_AT = 16;

let cluster: ThreeNodes;
let workshop: Workshop;
afterEach(() => workshop.cleanUp());

const directoryOf = (id: string) => join(workshop.directory, id);

/** Turns over a bit in the head of the record that puts the mark under this key. */
function rot(key: string, directory: string): void {
  const path = join(directory, "log", `${"1".padStart(16, "0")}.seg`);
  const bytes = readFileSync(path);
  let at = bytes.indexOf(MARK);
  while (!bytes.subarray(at - 2 * key.length, at).includes(key)) at = bytes.indexOf(MARK, at + 1);
  at = bytes.lastIndexOf(BLOCK_RECORD, at) + SEQUENCE_AT;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

async function http(id: string, path: string, body?: string) {
  const answer = await fetch(`http://${cluster.of(id).listening.http}${path}`, {
    ...(body !== undefined && { method: "PUT", body }),
  });
  return { status: answer.status, text: await answer.text() };
}
/** Until it is acknowledged: a busy machine has elections, and what was put twice is there all the same. */
const put = (id: string, key: string, value: string) =>
  until(`a write of ${key}`, async () => ((await http(id, `/v1/kv/${key}`, value)).status === 200 ? true : undefined));

/** What is held there, by somebody who asks again where there is no leader for the moment. */
const valueOf = async (id: string, key: string) => (await cluster.http(id, `/v1/kv/${key}`)).text();

/** `hexraft …`, with how it ended. */
async function hexraft(...args: readonly string[]) {
  const process = workshop.run(...args);
  return { code: await process.end(), out: process.out, error: process.error };
}
const admin = (...args: readonly string[]) => {
  const doors = cluster.endpoints.map(({ host, port }) => `${host}:${port}`).join(",");
  return hexraft("admin", ...args, "--cluster", doors);
};

/** A cluster with something in each group, and on the disk of n1 a group ..g that nobody can read. */
async function withDamageAtN1(): Promise<void> {
  cluster = new ThreeNodes([], { flags: SPLIT, electionTimeoutMs: STEADY_MS });
  ({ workshop } = cluster);
  await cluster.start();
  await put("n2", "apple", MARK);
  await until("the write at n1", async () =>
    (await http("n1", "/v1/kv/apple?consistency=local")).text === MARK ? true : undefined,
  );
  // Whoever is heard behind the damage, with no number missing, has lost nothing there.
  for (const key of ["grape", "nut"]) await put("n2", key, key);
  await cluster.of("n1").process.signal("SIGTERM");
  rot("apple", directoryOf("n1"));
}

describe("a shared log with damage that touches one group", () => {
  it("G03 its node refuses that group alone, says so at every door, serves the others, and has it back as a newcomer", async () => {
    await withDamageAtN1();
    await cluster.startOne("n1");
    const { process } = cluster.of("n1");
    await until("the other groups at n1", async () =>
      (await http("n1", "/v1/kv/grape")).text + (await http("n1", "/v1/kv/nut")).text === "grapenut" ? true : undefined,
    );
    await put("n1", "grape", "green");
    await put("n1", "nut", "brown");

    const { groups } = await cluster.ask<{ readonly groups: readonly ClusterGroup[] }>("n1", "/v1/groups");
    const why =
      /n1 does not serve the group \.\.g: .*0001\.seg is damaged at bytes \d+–\d+: .*hexraft admin forget-group/;
    expect(groups.map(({ group, role, halted }) => [group, role === "refused", halted])).toEqual([
      ["g..n", false, ""],
      ["n..", false, ""],
      ["..g", true, expect.stringMatching(why)],
    ]);
    expect(process.out).toMatch(/ERROR.* n1 does not serve the group \.\.g; the others are served/i);
    expect(await http("n1", "/readyz")).toEqual({ status: 503, text: expect.stringMatching(why) });
    expect((await http("n1", "/healthz")).status).toBe(200);
    expect(await http("n1", "/v1/status?group=..g")).toEqual({ status: 500, text: expect.stringMatching(why) });
    const halted = (await http("n1", "/metrics")).text.split("\n").filter((line) => line.startsWith("hexraft_halted{"));
    expect(halted.map((line) => [/group="([^"]*)"/.exec(line)?.[1], line.at(-1)])).toEqual([
      ["g..n", "0"],
      ["n..", "0"],
      ["..g", "1"],
    ]);
    const elsewhere = "n1 does not serve the group ..g, for its disk is damaged there; ask another node.";
    for (const [path, body] of [["/v1/kv/apple"], ["/v1/kv/apple", "x"], ["/v1/kv?start=a"]] as const)
      expect(await http("n1", path, body)).toEqual({ status: 503, text: expect.stringContaining(elsewhere) });
    const resp = await RawClient.to(cluster.respPort("n1"));
    expect(await resp.exchange("GET apple\r\n")).toBe(`-TRYAGAIN nothing was done: ${elsewhere}\r\n`);
    await expect.poll(() => resp.exchange("GET nut\r\n")).toBe("$5\r\nbrown\r\n");
    resp.socket.destroy();

    // The group itself has a majority, and its clients are led there.
    expect(await valueOf("n2", "apple")).toBe(MARK);
    const client = new HexraftClient({ endpoints: cluster.endpoints, group: "..g", deadlineMs: 30_000 });
    await client.put("avocado", "green");
    expect(Buffer.from((await client.get("avocado", { from: "any" })) ?? []).toString()).toBe("green");
    client.close();
    expect(await admin("groups")).toMatchObject({ code: 0 });
    expect(await admin("status", "--node", "n1", "--group", "..g")).toMatchObject({
      code: 1,
      error: expect.stringMatching(why),
    });

    // The way out: that group is forgotten there, and nothing else.
    expect(await admin("remove-peer", "n1", "--group", "..g")).toMatchObject({ code: 0, error: "" });
    expect(await process.signal("SIGTERM")).toBe(0);
    const forget = ["admin", "forget-group", "--data-directory", directoryOf("n1"), "--group-id", "..g"];
    const { out } = await hexraft(...forget);
    const confirmation = /--confirm '([^']*)'/.exec(out)?.[1] as string;
    expect(await hexraft(...forget, "--confirm", confirmation)).toMatchObject({ code: 0, error: "" });
    // It is the one that --bootstrap names first, and must not found a second group under the name.
    await cluster.startOne("n1");
    const waits = /n2 holds a log of group \.\.g already, of another founding/;
    await until("a founding that is refused", async () =>
      waits.test(cluster.of("n1").process.out) ? true : undefined,
    );
    const address = `n1=127.0.0.1:${cluster.peerPorts[0]}`;
    expect(await admin("add-peer", address, "--group", "..g")).toMatchObject({ code: 0, error: "" });
    await until("readiness", async () => ((await http("n1", "/readyz")).status === 200 ? true : undefined));
    expect(await valueOf("n1", "apple")).toBe(MARK);
    expect(await valueOf("n1", "grape")).toBe("green");
  }, 120_000);

  it("G03 L12 whatever may have touched every group is refused whole, with file and range", async () => {
    workshop = new Workshop();
    const { process, listening } = await workshop.single("n1", ...SPLIT);
    const write = (key: string) =>
      until(`a write of ${key}`, async () => {
        const { status } = await fetch(`http://${listening.http}/v1/kv/${key}`, { method: "PUT", body: MARK });
        return status === 200 ? true : undefined;
      });
    for (const key of ["grape", "nut", "apple"]) await write(key);
    expect(await process.signal("SIGTERM")).toBe(0);
    // Of the two that were silent behind it nobody knows what was in it, and the third lacks what was.
    rot("apple", directoryOf("n1"));
    const again = workshop.run(...nodeArguments(workshop.directory, "n1", 0), ...SPLIT);
    expect([await again.end(), again.error]).toEqual([
      6,
      expect.stringMatching(/0001\.seg is damaged at bytes \d+–\d+/),
    ]);
  });
});
