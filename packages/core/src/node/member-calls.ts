import { type Configuration, type Member, memberOf } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { LogIndex } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import { type ChangePlan, planChange } from "../protocol/change-plan.js";
import type { ChangeOptions, Founder, MembersWanted } from "./node.js";
import type { NodePorts } from "./node-ports.js";
import type { Replica } from "./replica.js";

const NO_DEADLINE = { deadlineMs: Number.POSITIVE_INFINITY };

/**
 * The way of an operator's wishes about members into the node (sofa-jraft: CliService). Names and addresses become a
 * configuration here: a member that is known keeps its incarnation, anybody else is asked who it is (M13).
 */
export class MemberCalls {
  constructor(
    private readonly options: { readonly groupId: string; readonly electionTimeoutMs: number },
    private readonly ports: NodePorts,
    /** The replica, if the node runs; throws if not. */
    private readonly running: () => { readonly replica: Replica; readonly clusterId: string },
  ) {}

  /** See Node.changeConfiguration. */
  async change(target: Configuration | MembersWanted, options: ChangeOptions = {}): Promise<void> {
    // At once: calls of one caller reach the protocol in their order.
    if (isConfiguration(target)) return this.order(target, options.expectedIndex ?? null, options);
    // What was made of names was made for the configuration that was looked at.
    const own = this.own();
    const configuration = await this.resolve(target, own.configuration);
    await this.order(configuration, options.expectedIndex ?? own.id.index, options);
  }

  /** See Node.cancelChange. */
  async cancel(): Promise<void> {
    const { inbox, desk } = this.running().replica;
    await desk.order((request) => inbox.post({ type: "ChangeCancelled", request, change: null }), NO_DEADLINE);
  }

  /** See Node.plan. */
  async plan(target: Configuration | MembersWanted): Promise<ChangePlan> {
    const configuration = await this.resolve(target, this.own().configuration);
    const { configuration: own, last, peers } = this.describe();
    const matchOf = (id: NodeId): LogIndex | undefined => peers.find((peer) => peer.id === id)?.match;
    return planChange(this.ports, own, configuration, { lastIndex: last.index, matchOf });
  }

  /** See Node.addLearners. */
  addLearners(learners: readonly Founder[], options?: ChangeOptions): Promise<void> {
    return this.modify(options, (now) => ({ ...now, learners: [...(now.learners ?? []), ...learners] }));
  }

  /** See Node.removeLearners. */
  removeLearners(ids: readonly NodeId[], options?: ChangeOptions): Promise<void> {
    return this.modify(options, (now) => {
      mustName(now.learners, ids, "a learner");
      return { ...now, learners: (now.learners ?? []).filter(({ id }) => !ids.includes(id)) };
    });
  }

  /** See Node.promote. */
  promote(ids: readonly NodeId[], options?: ChangeOptions): Promise<void> {
    return this.modify(options, (now) => {
      mustName(now.learners, ids, "a learner");
      const [rising, staying] = [true, false].map((rises) =>
        (now.learners ?? []).filter(({ id }) => ids.includes(id) === rises),
      ) as [Founder[], Founder[]];
      return { ...now, voters: [...now.voters, ...rising], learners: staying };
    });
  }

  /** What is wanted is said as a difference to what is there: if another change comes first, it is refused. */
  private async modify(options: ChangeOptions = {}, alter: (now: MembersWanted) => MembersWanted): Promise<void> {
    const own = this.own();
    const { members, voters, learners, witnesses } = own.configuration;
    const named = (ids: readonly NodeId[]): Member[] => members.filter(({ id }) => ids.includes(id));
    const wanted = alter({ voters: named(voters), learners: named(learners), witnesses });
    const configuration = await this.resolve(wanted, own.configuration);
    await this.order(configuration, options.expectedIndex ?? own.id.index, options);
  }

  private async order(target: Configuration, expected: LogIndex | null, { signal }: ChangeOptions): Promise<void> {
    const { inbox, desk } = this.running().replica;
    let stopListening = (): void => {};
    const begin = (request: number): void => {
      if (signal?.aborted === true) return desk.changeAnswered({ type: "ChangeAnswered", request, error: calledOff() });
      const onAbort = () => inbox.post({ type: "ChangeCancelled", request: NOBODY, change: request });
      signal?.addEventListener("abort", onAbort, { once: true });
      stopListening = () => signal?.removeEventListener("abort", onAbort);
      inbox.post({ type: "ChangeRequested", request, target, expected });
    };
    try {
      await desk.order(begin, NO_DEADLINE);
    } finally {
      stopListening();
    }
  }

  private async resolve(target: Configuration | MembersWanted, own: Configuration): Promise<Configuration> {
    if (isConfiguration(target)) return target;
    const { voters, learners = [], witnesses = [] } = target;
    const members = await Promise.all([...voters, ...learners].map((wanted) => this.identified(wanted, own)));
    return {
      members,
      voters: voters.map(({ id }) => id),
      votersOld: [],
      learners: learners.map(({ id }) => id),
      learnersNext: [],
      witnesses,
    };
  }

  /** M13: who a newcomer is, it says itself; a member's name stands for the incarnation that is one. */
  private async identified({ id, address, priority }: Founder, own: Configuration): Promise<Member> {
    const known = memberOf(own, id);
    if (known !== undefined) return { ...known, address, priority: priority ?? known.priority };
    const { transport } = this.ports;
    const { groupId, electionTimeoutMs } = this.options;
    const there = await transport.identify(address, groupId, 2 * electionTimeoutMs).catch((error: unknown) => {
      throw refused(`${id} cannot be asked at ${address}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (there.nodeId !== id) throw refused(`at ${address} there is ${there.nodeId}, not ${id}`);
    const { clusterId } = this.running();
    if (there.clusterId !== "" && there.clusterId !== clusterId)
      throw refused(`${id} belongs to cluster ${there.clusterId}; empty its directory if it shall join this one`);
    if (there.incarnation === "") throw refused(`${id} has no group ${groupId}`);
    return { id, address, priority: priority ?? 1, incarnation: there.incarnation };
  }

  private describe() {
    return this.running().replica.raft.describe(this.ports.clock.monotonic());
  }

  private own() {
    return this.describe().configuration;
  }
}

/** No caller waits for the answer under this number. */
const NOBODY = -1;

const isConfiguration = (target: Configuration | MembersWanted): target is Configuration => "members" in target;

function mustName(listed: readonly Founder[] | undefined, ids: readonly NodeId[], what: string): void {
  const stranger = ids.find((id) => listed?.some((each) => each.id === id) !== true);
  if (stranger !== undefined) throw refused(`${stranger} is not ${what}`);
}

const refused = (reason: string): RaftError =>
  new RaftError("ChangeRefused", "refused", `The members cannot be changed like this: ${reason}.`);

const calledOff = (): RaftError => new RaftError("Cancelled", "refused", "The change was called off before it began.");
