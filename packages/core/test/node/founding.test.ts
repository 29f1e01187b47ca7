import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import { askFounders } from "../../src/node/founding.js";
import type { NodePorts } from "../../src/node/node-ports.js";
import { QuorumPolicy } from "../../src/ports/quorum-policy.js";
import { jointMajority } from "../../src/protocol/quorum/joint.js";
import { LoneTransport, loneNode } from "./support/lone-node.js";
import { SmallDisk } from "./support/small-disk.js";

const waiting = (nodeId: string) => ({
  nodeId,
  clusterId: "",
  directoryId: "d".repeat(16),
  startNumber: 1,
  incarnation: nodeId.padEnd(16, "0").replace("n", "a"),
});
const voters = ["n1", "n2", "n3"].map((id, at) => ({ id, address: `h:${at + 1}` }));
const reason = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => (error instanceof RaftError ? `${error.code}: ${error.message}` : String(error)),
  );

describe("founding a cluster", () => {
  it("M13 every voter is asked who it is, and the first entry names each with its incarnation", async () => {
    const { node, disk, transport } = await loneNode();
    await node.start();
    transport.found.set("h:2", waiting("n2")).set("h:3", waiting("n3"));
    await node.bootstrap({ voters });
    expect(disk.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(transport.claims).toEqual([disk.clusterId]);
    const { configuration, last } = node.describe();
    expect(last).toEqual({ index: 1, term: 0 });
    expect(configuration.configuration.members).toEqual([
      { id: "n1", address: "h:1", incarnation: disk.identity?.incarnation, priority: 1 },
      { id: "n2", address: "h:2", incarnation: waiting("n2").incarnation, priority: 1 },
      { id: "n3", address: "h:3", incarnation: waiting("n3").incarnation, priority: 1 },
    ]);
    await node.stop();
  });

  it("G01 M11 M13 of one group of several cluster and number follow from voters, addresses, incarnations and state, in whatever order", async () => {
    const transport = new LoneTransport();
    transport.found.set("h:2", { ...waiting("n2"), recoveryNumber: null }).set("h:3", waiting("n3"));
    const self = { ...waiting("n1"), id: "n1", groupId: "g", recoveryNumber: 0 };
    const ask = (plan = voters, stateUpTo = 0, own = self) =>
      askFounders({ transport, quorum: jointMajority } as unknown as NodePorts, own, plan, 100, { stateUpTo });
    const first = await ask();
    expect(first.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(first.recoveryNumber).toBeGreaterThan(0);
    expect(await ask(voters.toReversed())).toEqual(first);
    // Whoever has no restored state must not found what one who has it founds (F08).
    const others = [
      await ask(voters.slice(0, 2)),
      await ask(voters, 7),
      await ask(voters, 0, { ...self, groupId: "h" }),
    ];
    transport.found.set("h:4", waiting("n3"));
    others.push(await ask([...voters.slice(0, 2), { id: "n3", address: "h:4" }]));
    transport.found.set("h:3", { ...waiting("n3"), incarnation: "f".repeat(16) });
    others.push(await ask());
    expect(new Set([first, ...others].map(({ recoveryNumber }) => recoveryNumber)).size).toBe(1 + others.length);
    expect(others.map(({ clusterId }) => clusterId === first.clusterId)).toEqual([false, true, true, true, true]);

    // A process that waits joins the cluster of the others, if these can say that they hold no log of another founding.
    const clusterId = "c".repeat(32);
    transport.found.set("h:2", { ...waiting("n2"), clusterId, recoveryNumber: null });
    expect((await ask()).clusterId).toBe(clusterId);
    transport.found.set("h:3", { ...waiting("n3"), clusterId: "d".repeat(32), recoveryNumber: null });
    expect(await reason(ask())).toContain("belong to two clusters");
    transport.found.set("h:3", { ...waiting("n3"), clusterId });
    expect(await reason(ask())).toContain("n3 belongs to cluster ccc");
    transport.found.set("h:3", { ...waiting("n3"), clusterId, recoveryNumber: first.recoveryNumber });
    expect((await ask()).recoveryNumber).toBe(first.recoveryNumber);
    transport.found.set("h:3", { ...waiting("n3"), clusterId, recoveryNumber: 0 });
    expect(await reason(ask())).toContain("n3 holds a log of group g already, of another founding");
  });

  it("M13 it is refused over any log, and a second time", async () => {
    const { node, lead } = await loneNode();
    await lead();
    expect(await reason(node.bootstrap({ voters: [{ id: "n1", address: "h:1" }] }))).toMatch(
      /^BootstrapRefused: .*this node has a log/,
    );
    await node.stop();
  });

  it("M12 nobody founds a cluster, or comes back to one, with quorums that do not meet", async () => {
    // Whoever asks first is elected, by itself.
    const anybody = new ContainerModule(({ bind }) => {
      bind(QuorumPolicy).toConstantValue({ ...jointMajority, voteResult: () => "won" });
    });
    const { node, disk, transport } = await loneNode(undefined, {}, [anybody]);
    await node.start();
    transport.found.set("h:2", waiting("n2")).set("h:3", waiting("n3"));
    expect(await reason(node.bootstrap({ voters }))).toMatch(/^BootstrapRefused: .*they share no voter/);
    expect(disk.clusterId).toBe("");
    await node.stop();

    const sound = await loneNode(disk);
    await sound.node.start();
    sound.transport.found.set("h:2", waiting("n2")).set("h:3", waiting("n3"));
    await sound.node.bootstrap({ voters });
    await sound.node.stop();
    const again = await loneNode(disk, {}, [anybody]);
    expect(await reason(again.node.start())).toMatch(/^BadOption: n1 cannot decide .*they share no voter/);
    expect(again.transport.stops).toBe(1);
  });

  it("M13 C02 while the first entry is being written nobody is kept waiting: calls are refused, and may be repeated", async () => {
    const { node, disk } = await loneNode();
    await node.start();
    disk.holdWrites = true;
    const founded = node.bootstrap({ voters: voters.slice(0, 1) });
    await expect.poll(() => reason(node.read("x", { consistency: "local" }))).toContain("NotStarted: ");
    expect(await reason(node.apply(Uint8Array.of(1), { forward: true }))).toContain(
      "is being founded; ask again shortly",
    );
    disk.releaseWrites();
    await founded;
    await node.stop();
  });

  it("M13 L04 a disk that does not take the first entry halts the node, which says why", async () => {
    const { node, disk } = await loneNode();
    await node.start();
    disk.failNext = new Error("EIO");
    expect(await reason(node.bootstrap({ voters: voters.slice(0, 1) }))).toContain("EIO");
    expect(await node.halted).toContain("the cluster could not be founded");
    expect(await reason(node.apply(Uint8Array.of(1)))).toMatch(/^Halted: /);
    await node.stop();
  });

  it("M13 it is refused, and nothing is written, if a voter is missing, somebody else, or taken", async () => {
    const { node, disk, transport } = await loneNode();
    await node.start();
    const attempt = () => reason(node.bootstrap({ voters }));
    expect(await attempt()).toContain("n2 cannot be asked at h:2: nobody listens at h:2");
    transport.found.set("h:2", waiting("n5")).set("h:3", waiting("n3"));
    expect(await attempt()).toContain("at h:2 there is n5, not n2");
    transport.found.set("h:2", { ...waiting("n2"), clusterId: "c".repeat(32) });
    expect(await attempt()).toContain("n2 belongs to cluster ccc");
    transport.found.set("h:2", { ...waiting("n2"), incarnation: "" });
    expect(await attempt()).toContain("n2 has no group main");
    expect(await reason(node.bootstrap({ voters: voters.slice(1) }))).toContain("n1, is not among the voters");
    expect(await reason(node.bootstrap({ voters: [...voters.slice(0, 1), ...voters.slice(0, 1)] }))).toContain(
      "n1 twice",
    );
    expect(disk.clusterId).toBe("");
    expect(disk.blocks).toEqual([]);
    transport.found.set("h:2", waiting("n2"));
    expect(await attempt()).toBe("it resolved");
    await node.stop();
  });

  it("M13 a waiting replica belongs to the first cluster that names it, from when that is durable; to no other", async () => {
    const { node, disk, transport } = await loneNode();
    await node.start();
    await transport.receiver?.onClaim("a".repeat(32));
    expect(disk.clusterId).toBe("a".repeat(32));
    expect(node.describe().identity.clusterId).toBe("a".repeat(32));
    await transport.receiver?.onClaim("a".repeat(32));
    expect(await reason(transport.receiver?.onClaim("b".repeat(32)) ?? Promise.resolve())).toMatch(/^IdentityMismatch/);
    expect(await reason(node.bootstrap({ voters }))).toContain("belongs to cluster aaa");
    await node.stop();
  });

  it("M13 E19 a node without bootstrap or claim waits and does nothing else", async () => {
    const { node, disk, time, transport, until } = await loneNode();
    await node.start();
    const end = time.now() + 3_000;
    await until(() => time.now() > end);
    expect(node.describe()).toMatchObject({ role: "follower", term: 0, last: { index: 0 } });
    expect(transport.sent).toBe(0);
    expect(disk.blocks).toEqual([]);
    await node.stop();
  });

  it("T11 each start has a number of its own, one higher, under the same incarnation", async () => {
    const disk = new SmallDisk();
    const seen: [number, string][] = [];
    for (let start = 0; start < 3; start++) {
      const { node } = await loneNode(disk);
      await node.start();
      const { startNumber, incarnation } = node.describe().identity;
      seen.push([startNumber, incarnation]);
      await node.stop();
    }
    const [first] = seen;
    expect(seen).toEqual([1, 2, 3].map((number) => [number, first?.[1]]));
  });
});
