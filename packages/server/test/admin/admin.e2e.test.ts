import { execFile } from "node:child_process";
import { ClusterAdmin, HexraftClient, valueOf } from "@hexraft/client";
import type { RaftError } from "@hexraft/core/ports";
import { freePorts } from "@hexraft/testing/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HexraftProcess, MAIN, nodeArguments, portOf } from "../support/serve-process.js";
import { STEADY_MS, ThreeNodes } from "../support/three-nodes.js";

let cluster: ThreeNodes;
let admin: ClusterAdmin;
/** Runs, with an empty directory, and belongs to nothing. */
let n4: HexraftProcess;
let n4Port: number;

beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
  [n4Port = 0] = await freePorts(1);
  const args = nodeArguments(cluster.workshop.directory, "n4", n4Port);
  n4 = cluster.workshop.run(...args, "--election-timeout", `${STEADY_MS}`);
  await n4.ready;
  admin = new ClusterAdmin({ endpoints: cluster.endpoints, deadlineMs: 20_000, changeDeadlineMs: 40_000 });
});
afterAll(async () => {
  admin.close();
  await cluster.stop();
});

const addN4 = () => ({ kind: "addPeers", nodes: [{ id: "n4", address: `127.0.0.1:${n4Port}` }] }) as const;
/** `outcome code`, and what is said. */
const refusalOf = async (asked: Promise<{ readonly outcome: string; readonly error?: RaftError }>) => {
  const { outcome, error } = await asked;
  return [`${outcome} ${error?.code}`, error?.message];
};

/** `hexraft admin …`, with how it ended. */
function shell(args: readonly string[], env: Record<string, string> = {}) {
  const doors = cluster.endpoints.map(({ host, port }) => `${host}:${port}`).join(",");
  return new Promise<{ readonly code: number; readonly out: string; readonly error: string }>((resolve) => {
    const options = { env: { ...process.env, HEXRAFT_CLUSTER: doors, ...env } };
    execFile(process.execPath, [MAIN, "admin", ...args], options, (failure, out, error) =>
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error }),
    );
  });
}

describe("a refused change says why, and what to do", () => {
  it("M08 an unknown peer, a newcomer that nobody meets, and one that is somebody else", async () => {
    expect(await refusalOf(admin.removePeers(["n9"]))).toEqual([
      "refused ChangeRefused",
      "The members cannot be changed like this: n9 is not a voter; there are n1, n2, n3.",
    ]);
    const [port = 0] = await freePorts(1);
    expect(await refusalOf(admin.addPeers([{ id: "n5", address: `127.0.0.1:${port}` }]))).toEqual([
      "refused ChangeRefused",
      expect.stringContaining(`n5 cannot be asked at 127.0.0.1:${port}`),
    ]);
    expect(await refusalOf(admin.addPeers([{ id: "n5", address: `127.0.0.1:${n4Port}` }]))).toEqual([
      "refused ChangeRefused",
      expect.stringContaining(`at 127.0.0.1:${n4Port} there is n4, not n5`),
    ]);
  });

  it("M14 a plan is read before it is done, and refused once it is stale", async () => {
    const before = valueOf(await admin.getPeers()).configurationIndex;
    const planned = valueOf(await admin.plan(addN4()));
    expect(planned).toMatchObject({ configurationIndex: before, refused: "", newcomers: [{ id: "n4" }] });
    expect(planned.text).toContain("joint: a quorum of [n1, n2, n3] and a quorum of [n1, n2, n3, n4] must agree");
    valueOf(await admin.changeAddresses([{ id: "n1", address: addressOf("n1"), priority: 2 }]));
    expect(await refusalOf(admin.change(addN4(), { expectedIndex: before }))).toEqual([
      "refused ChangeRefused",
      expect.stringMatching(/planned for configuration \d+, and configuration \d+ is in force; plan it anew/),
    ]);
  });

  it("M03 M16 C02 another change under way; and the one that is called off was certainly not done", async () => {
    valueOf(await admin.addLearners(addN4().nodes));
    n4.child.kill("SIGSTOP"); // it cannot show that it has caught up
    const rising = admin.promote(["n4"]);
    const stage = async () => valueOf(await admin.getPeers()).change?.stage;
    await expect.poll(stage).toBe("catching-up");
    expect(await refusalOf(admin.removePeers(["n2"]))).toEqual([
      "refused ChangeRunning",
      "Another change of members is under way; wait for it to end.",
    ]);
    const said = await shell(["cancel"]);
    expect(said).toMatchObject({ code: 0, error: "", out: expect.stringMatching(/n4 +learner/) });
    expect(await refusalOf(rising)).toEqual([
      "refused Cancelled",
      "The change of members was called off; nothing has changed.",
    ]);
    expect(await refusalOf(admin.cancelChange())).toEqual([
      "refused ChangeRefused",
      "The change of members cannot be called off: there is none.",
    ]);
    n4.child.kill("SIGCONT");
    valueOf(await admin.promote(["n4"]));
  });

  it("C01 M09 a node that does not lead, and one that was removed", async () => {
    const tell = async (http: string, change: object) => {
      const body = JSON.stringify({ change });
      const response = await fetch(`http://${http}/v1/admin/change-members`, { method: "POST", body });
      return [response.status, ((await response.json()) as { readonly message: string }).message];
    };
    const leader = valueOf(await admin.getLeader());
    const follower = cluster.ids.find((id) => id !== leader) as string;
    expect(await tell(cluster.of(follower).listening.http, { kind: "removePeers", ids: ["n4"] })).toEqual([
      503,
      expect.stringContaining(`This node is not the leader; ask ${leader} at `),
    ]);
    valueOf(await admin.demote(["n4"]));
    valueOf(await admin.removeLearners(["n4"]));
    const { http = "" } = await n4.ready;
    const joinAgain = () => tell(http, addN4());
    await expect
      .poll(joinAgain)
      .toEqual([
        409,
        expect.stringMatching(/n4 is no member since configuration \d+; ask one that is, maybe n1 at 127/),
      ]);
    // Once it hears no leader any more, what is asked of its data is refused as well, and a client that knows its door goes on to
    // the members.
    for (const [method, path] of [
      ["PUT", "/v1/kv/k"],
      ["GET", "/v1/kv/k"],
    ] as const) {
      const ask = async () => {
        const response = await fetch(`http://${http}${path}`, { method, ...(method === "PUT" && { body: "v" }) });
        return [method, response.status, await response.json()];
      };
      await expect.poll(ask).toEqual([method, 503, expect.objectContaining({ outcome: "refused" })]);
    }
    const { client: door = "" } = await n4.ready;
    const endpoints = [{ host: "127.0.0.1", port: portOf(door) }, ...cluster.endpoints];
    const client = new HexraftClient({ endpoints, deadlineMs: 20_000 });
    await client.put("k", "v");
    expect(Buffer.from((await client.get("k")) as Uint8Array).toString()).toBe("v");
    client.close();
  });
});

describe("hexraft admin", () => {
  it("prints for people and for programs, and tells how it ended by its exit code", async () => {
    const peers = await shell(["peers"]);
    expect(peers).toMatchObject({ code: 0, error: "" });
    expect(peers.out).toMatch(/^cluster [0-9a-f]{32}, term \d+, configuration \d+\n {2}n1 {2}voter/);
    const leader = JSON.parse((await shell(["leader", "--json"])).out) as { readonly value: string };
    expect(cluster.ids).toContain(leader.value);
    expect((await shell(["alive-peers"])).out.split("\n").filter((id) => id !== "")).toHaveLength(3);
    const planned = await shell(["remove-peer", "n3", "--plan"]);
    expect(planned.out).toMatch(/final: a quorum of \[n1, n2\] must agree; stops if one of \[n1, n2\] fails/);
    expect(await shell(["remove-peer", "n1", "n2", "n3", "--plan"])).toMatchObject({
      code: 1,
      out: "",
      error: expect.stringContaining("There is no such way: the target has no voter"),
    });
    expect((await shell(["status", "--node", "n2"])).out).toMatch(/^n2 at 127\.0\.0\.1:\d+: /);
    expect(Number((await shell(["snapshot", "--node", "n3"])).out)).toBeGreaterThan(1);
    const stale = await shell(["demote", "n3", "--expect", "1", "--json"]);
    expect(stale).toMatchObject({ code: 1, error: "" });
    expect(JSON.parse(stale.out)).toMatchObject({ outcome: "refused", code: "ChangeRefused" });
    const next = cluster.ids.find((id) => id !== leader.value) as string;
    expect(await shell(["transfer", next])).toMatchObject({ code: 0, error: "" });
    expect(await shell(["transfer", "n9"])).toMatchObject({
      code: 1,
      out: "",
      error: expect.stringMatching(/^hexraft: refused: .*n9/),
    });
  });

  it("O05 wrong arguments end with exit code 2, and say what is wrong", async () => {
    for (const [args, words, env] of [
      [["add-peer", "n4"], /node is "n4", but it must be id=host:port/, {}],
      [["peers"], /--cluster is "", but it must name the client doors/, { HEXRAFT_CLUSTER: "" }],
      [["peers", "--user", "ops", "--password-file", "/nowhere"], /--password-file is "\/nowhere", but it must be/, {}],
      [["reset-peers", "--data-directory", cluster.workshop.directory], /its identity cannot be read/, {}],
    ] as const)
      expect(await shell(args, env)).toMatchObject({ code: 2, out: "", error: expect.stringMatching(words) });
  });
});

const addressOf = (id: string): string => cluster.of(id).listening.peer;
