import { describe, expect, it } from "vitest";
import { TestCluster } from "../../src/index.js";

describe("a cluster on virtual time", () => {
  it("M13 is founded out of empty disks: the founder asks all, the others are claimed and vote", async () => {
    const cluster = new TestCluster({ unfounded: true, seed: 61 });
    await cluster.start();
    await cluster.run(500);
    expect(cluster.members.map(({ roles }) => roles)).toEqual([[], [], []]);
    await cluster.bootstrap("n2");
    await cluster.settled();
    await cluster.applied("first");
    await cluster.converged();
    const clusters = cluster.members.map((member) => member.describe().identity.clusterId);
    expect(new Set(clusters).size).toBe(1);
    expect(clusters[0]).toMatch(/^[0-9a-f]{32}$/);
    for (const { id } of cluster.members) cluster.crash(id);
    await cluster.start();
    await cluster.settled();
    await cluster.converged();
    for (const member of cluster.members) expect(member.lines).toEqual(["first"]);
    await expect(cluster.bootstrap("n2")).rejects.toMatchObject({ code: "BootstrapRefused", outcome: "refused" });
    cluster.dispose();
  });

  it("O04 a stopped leader hands over, and a stopped node comes back", async () => {
    const cluster = new TestCluster({ seed: 62 });
    await cluster.start();
    const leader = await cluster.settled();
    await cluster.applied("a");
    const stoppedAt = cluster.time.now();
    await leader.stop();
    const next = await cluster.awaitLeader();
    expect(cluster.time.now() - stoppedAt).toBeLessThan(cluster.electionTimeoutMs);
    expect(next.id).not.toBe(leader.id);
    await cluster.applied("b");
    await cluster.restart(leader.id);
    await cluster.converged();
    expect(leader.lines).toEqual(["a", "b"]);
    cluster.dispose();
  });

  it("I5 I12 I16 the judge sees an entry that differs, a lie about the disk, and a lost acknowledgement", async () => {
    const cluster = new TestCluster({ seed: 63 });
    await cluster.start();
    const leader = await cluster.settled();
    await cluster.applied("a");
    await cluster.converged();
    cluster.acknowledge("never written");
    await expect(cluster.converged()).rejects.toThrow("I16 n1 lacks acknowledged commands: never written");
    for (const [i, { machine }] of cluster.members.entries()) {
      machine.lines = [...machine.lines, { index: 99, term: 1, text: `differs ${i}` }];
    }
    cluster.network.tell(
      {
        group: "main",
        from: "n1",
        fromIncarnation: cluster.member("n1").replica.incarnation,
        startNumber: 1,
        recoveryNumber: 0,
        to: "n2",
        toIncarnation: cluster.member("n2").replica.incarnation,
        message: { type: "VoteResponse", term: 7, granted: true },
      },
      "sent",
    );
    const both = /I12 n1 said that it voted for n2 in term 7[^]*I5 entry 99 is "term 1: differs 0" elsewhere/;
    await expect(cluster.run(1)).rejects.toThrow(both);
    expect(leader.lines[0]).toBe("a");
  });
});
