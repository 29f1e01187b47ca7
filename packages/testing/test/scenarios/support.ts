import type { Message } from "@hexraft/core/ports";
import { TestCluster, type TestClusterOptions, type TestMember } from "../../src/index.js";

/** T of all scenarios, ms. */
export const T = 150;

/** Runs a scenario on a cluster of its own, and judges its whole history at the end. */
export const inCluster =
  (options: TestClusterOptions, body: (cluster: TestCluster) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const cluster = new TestCluster({ ...options, options: { electionTimeoutMs: T, ...options.options } });
    await body(cluster);
    cluster.dispose();
  };

/** The members besides these. */
export const others = (cluster: TestCluster, ...not: readonly TestMember[]): readonly TestMember[] =>
  cluster.members.filter((member) => !not.includes(member));

/** The first member to become a candidate; asks before anybody wins. */
export async function firstCandidate(cluster: TestCluster): Promise<TestMember> {
  const candidate = () => cluster.up.find((member) => member.describe().role === "candidate");
  await cluster.until(() => candidate() !== undefined, 10 * T, "a candidate");
  return candidate() as TestMember;
}

/** Messages of this kind, for `dropAll`. */
export const ofType =
  (...types: readonly Message["type"][]) =>
  ({ message }: { readonly message: Message }): boolean =>
    types.includes(message.type);

/** A heartbeat that nobody said. */
export const heartbeat = (term: number): Message => ({ type: "Heartbeat", term, commit: 0, round: 1 });

/** Virtual times at which the member took this role, in its current life. */
export const timesOf = (member: TestMember, role: string): readonly number[] =>
  member.events.flatMap(({ atMs, life, event }) =>
    life === member.life && event.kind === "role" && event.role === role ? [atMs] : [],
  );
