import type { NodeId } from "@hexraft/core/ports";
import { SeededRandom } from "../time/seeded-random.js";
import type { Client } from "./clients/client.js";
import type { History } from "./clients/history.js";
import type { Operators } from "./faults/operators.js";
import type { Referee } from "./invariants/referee.js";
import { stateHash } from "./invariants/replay.js";
import type { SimulatedNode } from "./world/simulated-node.js";
import type { World } from "./world/world.js";

/** What the proof of life works with. */
export interface RecoveryParts {
  readonly seed: number;
  readonly world: World;
  /** A client that nobody was before. */
  readonly caller: () => Client;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly operators: Operators;
  readonly referee: Referee;
  /** New nodes in the place of those that lost their data. */
  readonly replacements: { readonly isDone: boolean };
  readonly history: History;
  readonly electionTimeoutMs: number;
  /** The longest that a change of members waits for a newcomer that may never come, ms (M04). */
  readonly catchUpTimeoutMs: number;
  /** The longest that a write which was open when the faults ended may take, ms. */
  readonly longestWriteMs: number;
  readonly mustHold: (what: string, condition: () => boolean, withinMs: number) => Promise<void>;
}

/** I13, I16, I17: after the last fault a leader comes, all members become equal, and a stop leaves nothing behind. */
export class Recovery {
  constructor(private readonly parts: RecoveryParts) {}

  /** All of it, one after the other. */
  async run(): Promise<void> {
    const { replacements, history, mustHold, electionTimeoutMs } = this.parts;
    await this.leader();
    await this.alive();
    await this.upgraded();
    await mustHold("whoever lost its data is back", () => replacements.isDone, 200 * electionTimeoutMs);
    await this.converged();
    await this.newestIsOpen();
    await mustHold("every call is answered", () => history.pending === 0, 40 * electionTimeoutMs);
    await this.audited();
    await this.statesAgree();
    await this.stopped();
  }

  /** One leader within ten election timeouts of at most 2T each, and the longest write that was open. */
  private async leader(): Promise<void> {
    const { operators, mustHold, electionTimeoutMs, longestWriteMs } = this.parts;
    await mustHold("somebody leads", () => operators.leader() !== undefined, 20 * electionTimeoutMs + longestWriteMs);
  }

  /** I17: a new command is acknowledged. */
  private async alive(): Promise<void> {
    const { seed, world, caller, mustHold, electionTimeoutMs, longestWriteMs } = this.parts;
    const random = new SeededRandom(`${seed}/proof of life`);
    let act = world.workload(random, -1, 0);
    while (act.kind !== "apply") act = world.workload(random, -1, 0);
    let isAlive = false;
    caller().insist(act, () => {
      isAlive = true;
    });
    await mustHold("a new command is acknowledged", () => isAlive, 40 * electionTimeoutMs + longestWriteMs);
  }

  /** F05: whoever still runs an older release is stopped and started with the newest, one after the other, as operators do it. */
  private async upgraded(): Promise<void> {
    const { nodes, world, mustHold, electionTimeoutMs, longestWriteMs } = this.parts;
    const { newest = 1 } = world.releases ?? {};
    const withinMs = 40 * electionTimeoutMs + longestWriteMs;
    for (const node of nodes.values()) {
      if (node.release >= newest) continue;
      await mustHold(`${node.id} goes on`, () => !node.isPaused, withinMs);
      void node.stop();
      await mustHold(`${node.id} stops, to be upgraded`, () => !node.isThere, withinMs);
      node.release = newest;
      node.start();
      await mustHold(`${node.id} starts with release ${newest}`, () => node.isUp, withinMs);
    }
  }

  /** F05: all members know the newest format, so it is open. */
  private async newestIsOpen(): Promise<void> {
    const { world, operators, referee, mustHold, electionTimeoutMs } = this.parts;
    const { newest = 1 } = world.releases ?? {};
    if (newest === 1) return;
    const isOpen = (): boolean =>
      operators.leader() !== undefined &&
      this.members().every(({ id, node }) => referee.record(id).isWitness || node?.openFormat === newest);
    await mustHold(`format ${newest} is open on all members`, isOpen, 40 * electionTimeoutMs);
  }

  /** I14: once nobody calls any more, it is read what was done; twice, or never, would show. */
  private async audited(): Promise<void> {
    const { world, caller, mustHold, electionTimeoutMs } = this.parts;
    const queries = world.sessions?.audit ?? [];
    let unanswered = queries.length;
    for (const query of queries) caller().insist({ kind: "read", query }, () => unanswered--);
    await mustHold("what was done is read", () => unanswered === 0, 40 * electionTimeoutMs);
  }

  /**
   * All members hold and applied the same, everything that was ever committed included (I16). Whoever comes back with another disk has to
   * wait for the end of a change that waits for him as he was (M04).
   */
  private async converged(): Promise<void> {
    const { mustHold, electionTimeoutMs, catchUpTimeoutMs, longestWriteMs, referee } = this.parts;
    const withinMs = 60 * electionTimeoutMs + catchUpTimeoutMs + longestWriteMs;
    await mustHold("all members converge", () => this.isConverged(), withinMs);
    for (const { id, node } of this.members()) {
      const { commitIndex } = node?.describe() ?? { commitIndex: -1 };
      if (commitIndex < referee.commits.highest)
        referee.accuse("I16", `${id} has ${commitIndex} committed, and ${referee.commits.highest} once was`);
    }
  }

  /** Equal at the same index, byte for byte (I13). */
  private async statesAgree(): Promise<void> {
    const { referee } = this.parts;
    for (const { id, machine } of this.members()) {
      // M12: a witness holds no state.
      if (machine === undefined || referee.record(id).isWitness) continue;
      referee.applies.state(referee.record(id).applied, await stateHash(machine), `held by ${id} in the end`);
    }
  }

  /** O04: stopped in good order; no timer, no file and no promise is left. */
  private async stopped(): Promise<void> {
    const { nodes, mustHold, referee, electionTimeoutMs, longestWriteMs } = this.parts;
    // Whoever is no member was not waited for so far.
    const goesOn = (): boolean => [...nodes.values()].every(({ isPaused }) => !isPaused);
    await mustHold("nobody stands still", goesOn, 20 * electionTimeoutMs);
    let stopping = 0;
    for (const node of nodes.values()) {
      stopping++;
      void node.retire().then(() => stopping--);
    }
    await mustHold("all nodes stop", () => stopping === 0, 40 * electionTimeoutMs + longestWriteMs);
    for (const { id, pendingActions, disk } of nodes.values()) {
      if (pendingActions > 0) referee.accuse("I17", `${id} stopped and left ${pendingActions} timers`);
      if ((disk.openHandles ?? 0) > 0) referee.accuse("I17", `${id} stopped and left ${disk.openHandles} files open`);
    }
  }

  private members(): readonly SimulatedNode[] {
    const { nodes, operators } = this.parts;
    const configuration = operators.leader()?.node?.describe().configuration.configuration;
    const ids = configuration?.members.map(({ id }) => id) ?? [];
    return [...nodes.values()].filter(({ id }) => ids.includes(id));
  }

  private isConverged(): boolean {
    const { operators, referee } = this.parts;
    const leading = operators.leader();
    if (leading === undefined) return false;
    const leads = referee.record(leading.id);
    const members = this.members();
    // First what costs nothing.
    const isBehind = ({ id }: SimulatedNode): boolean => {
      const record = referee.record(id);
      return record.term !== leads.term || record.commit !== leads.commit;
    };
    if (members.some(isBehind)) return false;
    const leader = leading.node?.describe();
    if (leader === undefined || leader.commitIndex !== leader.last.index) return false;
    return members.every(({ node, isUp }) => {
      if (!isUp || node === undefined) return false;
      const { last, commitIndex, appliedIndex, term } = node.describe();
      return (
        term === leader.term &&
        last.index === leader.last.index &&
        last.term === leader.last.term &&
        commitIndex === leader.commitIndex &&
        appliedIndex === leader.last.index
      );
    });
  }
}
