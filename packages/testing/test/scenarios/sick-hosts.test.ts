import { describe, expect, it } from "vitest";
import { inCluster, others, T } from "./support.js";

const SMALL = { snapshotEveryEntries: 20, compactionMarginEntries: 0 } as const;

describe("hosts that are sick, not dead", () => {
  it(
    "S11 S09 a node whose snapshots are damaged comes back without a state, asks the leader for one, and has all again",
    inCluster({ seed: 71, options: SMALL }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      for (let at = 0; at < 6; at++) await cluster.applied(...Array.from({ length: 15 }, (_, i) => `c${at}.${i}`));
      await cluster.converged();
      const [sick] = others(cluster, leader);
      if (sick === undefined) throw new Error("no follower");
      await cluster.until(() => sick.describe().base.index > 0, 10 * T, "it compacts");
      cluster.crash(sick.id);
      for (const { meta } of sick.disk.snapshots.whole) sick.disk.damageSnapshot(meta.id.index);
      await cluster.restart(sick.id);
      expect(sick.describe()).toMatchObject({ restoring: sick.describe().base.index - 1, appliedIndex: 0 });
      await cluster.applied("after");
      await cluster.until(() => sick.describe().restoring === 0, 40 * T, "it has a state again");
      await cluster.converged();
      expect(sick.lines).toEqual(leader.lines);
    }),
  );

  it(
    "E24 a leader whose disk hangs hands over, takes no part until the write ends, and follows then",
    inCluster({ seed: 72 }, async (cluster) => {
      await cluster.start();
      const sick = await cluster.settled();
      await cluster.applied("before");
      sick.disk.hold();
      const lost = cluster.propose("while it hangs", sick.id);
      const next = await cluster.awaitLeader(
        others(cluster, sick).map(({ id }) => id),
        6 * T,
      );
      expect(sick.describe().writeOverdue).toBe(true);
      await cluster.applied("with the next one");
      sick.disk.release();
      await cluster.converged();
      expect(lost.state).not.toBe("pending");
      expect(sick.describe()).toMatchObject({ writeOverdue: false, leader: next.id });
    }),
  );
});
