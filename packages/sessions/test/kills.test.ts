import type { Node } from "@hexraft/core";
import type { RaftError } from "@hexraft/core/ports";
import { SeededRandom, TestCluster } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { expect, it } from "vitest";
import { InSession, OpenSession, type SessionCommand, type SessionOpened, sessions } from "../src/index.js";

const CLUSTERS = 20;
const KILLS_EACH = 50;
const OUTSTANDING = 4;

type ClusterNode = TestCluster["members"][number]["node"];

/** A client of one session that proposes what is unanswered to whoever leads, again and again, under the same numbers. */
class Retrying {
  readonly unanswered = new Map<number, { readonly text: string; underWay: boolean }>();
  session = 0;
  /** Attempts that ended without anybody knowing how. */
  unknown = 0;
  private next = 1;

  constructor(private readonly name: number) {}

  /** Proposes all that is not under way. */
  drive(node: ClusterNode): void {
    if (this.session === 0) {
      this.propose(node, new OpenSession(new Uint8Array(16).fill(this.name)), (opened) => {
        this.session = (opened as SessionOpened).session;
      });
      return;
    }
    while (this.unanswered.size < OUTSTANDING)
      this.unanswered.set(this.next, { text: `${this.name}/${this.next++}`, underWay: false });
    const lowest = this.unanswered.keys().next().value as number;
    for (const [sequence, attempt] of this.unanswered) {
      if (attempt.underWay) continue;
      attempt.underWay = true;
      const command = new InSession(this.session, sequence, lowest, attempt.text);
      const answered = (result: unknown) => {
        expect(typeof result, `the result of ${attempt.text}`).toBe("number");
        this.unanswered.delete(sequence);
      };
      this.propose(node, command, answered, () => (attempt.underWay = false));
    }
  }

  /** The node that they were proposed to is dead: nobody will tell. */
  orphaned(): void {
    for (const attempt of this.unanswered.values()) {
      if (attempt.underWay) this.unknown++;
      attempt.underWay = false;
    }
  }

  /** Numbers that were ever used. */
  get proposed(): number {
    return this.next - 1;
  }

  private propose(
    node: ClusterNode,
    command: SessionCommand,
    ok: (result: unknown) => void,
    failed?: () => void,
  ): void {
    // The journal takes lines; around it are sessions.
    (node as unknown as Node<SessionCommand>).applyCallback(command, (error, result) => {
      if (error === null) return ok(result);
      if ((error as RaftError).outcome === "unknown") this.unknown++;
      failed?.();
    });
  }
}

/** Kills leaders in the middle of it; says how many attempts ended without anybody knowing how. */
async function killLeaders(seed: number): Promise<number> {
  const random = new SeededRandom(`${seed}/kills`);
  const cluster = new TestCluster({
    seed,
    modules: [sessions(new ContainerModule(() => {}))],
    options: { snapshotEveryEntries: 60, compactionMarginEntries: 20 },
  });
  const clients = [new Retrying(1), new Retrying(2)];
  await cluster.start();
  for (let kill = 0; kill < KILLS_EACH; kill++) {
    const leader = await cluster.awaitLeader();
    // Sometimes before anything is written, sometimes when it is committed and not yet answered.
    for (let step = random.integer(1, 4); step > 0; step--) {
      for (const client of clients) client.drive(leader.node);
      await cluster.time.advance(random.integer(0, 4));
    }
    cluster.crash(leader.id);
    for (const client of clients) client.orphaned();
    await cluster.restart(leader.id);
  }
  const leader = await cluster.settled();
  for (const client of clients) client.drive(leader.node);
  await cluster.until(() => clients.every(({ unanswered }) => unanswered.size === 0), 5_000, "the last answers");
  await cluster.converged();

  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const once = clients.flatMap(({ proposed }, i) => numbers(proposed).map((n) => `${i + 1}/${n}`)).toSorted();
  for (const { machine } of cluster.members) {
    expect(machine.lines.map(({ text }) => text).toSorted()).toEqual(once);
    expect(machine.calls.some(({ call }) => call === "loaded")).toBe(true);
  }
  cluster.dispose();
  return clients.reduce((sum, client) => sum + client.unknown, 0);
}

it("C03 C02 retries through 1,000 killed leaders take effect exactly once, restarts from snapshots included", async () => {
  let unknown = 0;
  for (let seed = 1; seed <= CLUSTERS; seed++) unknown += await killLeaders(seed);
  expect(unknown).toBeGreaterThan(CLUSTERS * KILLS_EACH); // else nothing was at stake
}, 120_000);
