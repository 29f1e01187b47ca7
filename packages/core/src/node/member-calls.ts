import { type Configuration, type ConfigurationEntry, type Member, memberOf } from "../model/configuration.js";
import { NotLeader, RaftError } from "../model/errors.js";
import type { LogIndex } from "../model/log-id.js";
import type { GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import { type ChangePlan, planChange } from "../protocol/change-plan.js";
import type { Founder, MembersWanted } from "./founder.js";
import { alterMembers, type MemberChange, changeRefused as refused } from "./member-change.js";
import type { ChangeOptions } from "./node.js";
import type { NodePorts } from "./node-ports.js";
import type { Replica } from "./replica.js";

const NO_DEADLINE = { deadlineMs: Number.POSITIVE_INFINITY };

/**
 * The way of an operator's wishes about members into the node (sofa-jraft: CliService). Names and addresses become a
 * configuration here: a member that is known keeps its incarnation, anybody else is asked who it is (M13).
 */
export class MemberCalls {
  constructor(
    private readonly groupId: GroupId,
    private readonly options: { readonly electionTimeoutMs: number },
    private readonly ports: NodePorts,
    /** Its replica, if the node runs; throws if not. */
    private readonly node: { running(): { readonly replica: Replica; readonly identity: LocalIdentity } },
  ) {}

  /** See Node.changeConfiguration. */
  async change(target: Target, options: ChangeOptions = {}): Promise<void> {
    // At once: calls of one caller reach the protocol in their order.
    if (isConfiguration(target)) return this.order(target, options.expectedIndex ?? null, options);
    // What was made of names was made for the configuration that was looked at, and only a leader's is the newest.
    const own = this.leading();
    const configuration = await this.resolve(target, own.configuration);
    await this.order(configuration, options.expectedIndex ?? own.id.index, options);
  }

  /** See Node.cancelChange. */
  async cancel(): Promise<void> {
    const { inbox, desk } = this.node.running().replica;
    await desk.order((request) => inbox.post({ type: "ChangeCancelled", request, change: null }), NO_DEADLINE);
  }

  /** See Node.plan. */
  async plan(target: Target): Promise<ChangePlan> {
    const configuration = await this.resolve(target, this.describe().configuration.configuration);
    const { configuration: own, last, peers } = this.describe();
    const matchOf = (id: NodeId): LogIndex | undefined => peers.find((peer) => peer.id === id)?.match;
    return planChange(this.ports, own, configuration, { lastIndex: last.index, matchOf });
  }

  private async order(target: Configuration, expected: LogIndex | null, { signal }: ChangeOptions): Promise<void> {
    const { inbox, desk } = this.node.running().replica;
    let stopListening = (): void => {};
    const begin = (request: number): void => {
      if (signal?.aborted === true) return desk.orderAnswered({ type: "ChangeAnswered", request, error: calledOff() });
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

  private async resolve(target: Target, own: Configuration): Promise<Configuration> {
    if (isConfiguration(target)) return target;
    const wanted = "kind" in target ? alterMembers(wantedOf(own), target) : target;
    const { voters, learners = [], witnesses = [] } = wanted;
    const members = await Promise.all([...voters, ...learners].map((each) => this.identified(each, own)));
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
    const { groupId } = this;
    const { electionTimeoutMs } = this.options;
    const there = await transport.identify(address, groupId, 2 * electionTimeoutMs).catch((error: unknown) => {
      throw refused(`${id} cannot be asked at ${address}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (there.nodeId !== id) throw refused(`at ${address} there is ${there.nodeId}, not ${id}`);
    const { clusterId } = this.node.running().identity;
    if (there.clusterId !== "" && there.clusterId !== clusterId)
      throw refused(`${id} belongs to cluster ${there.clusterId}; empty its directory if it shall join this one`);
    if (there.incarnation === "")
      throw refused(
        `${id} has no replica of group ${groupId} that may join; if it was removed, empty its directory first`,
      );
    return { id, address, priority: priority ?? 1, incarnation: there.incarnation };
  }

  private describe() {
    return this.node.running().replica.raft.describe(this.ports.clock.monotonic());
  }

  /** The configuration in force, which the leader alone is sure to know. @throws RaftError */
  private leading(): ConfigurationEntry {
    const { role, leader, removedAt, configuration: own } = this.describe();
    if (role === "leader") return own;
    const { id, incarnation } = this.node.running().identity;
    const isMember = memberOf(own.configuration, id)?.incarnation === incarnation;
    if (removedAt > 0 || !isMember) {
      const since = Math.max(removedAt, own.id.index);
      const members = own.configuration.members.filter((member) => member.id !== id);
      const others = members.map((member) => `${member.id} at ${member.address}`).join(", ");
      throw refused(
        `${id} is no member since configuration ${since}; ask one that is, maybe ${others || "one you know"}`,
      );
    }
    const address = leader === null ? undefined : memberOf(own.configuration, leader)?.address;
    throw new NotLeader(leader, address ?? null);
  }
}

/** What a change may be told as. */
type Target = Configuration | MembersWanted | MemberChange;

/** No caller waits for the answer under this number. */
const NOBODY = -1;

const isConfiguration = (target: Target): target is Configuration => "members" in target;

/** A configuration, as an operator would name it. */
function wantedOf({ members, voters, learners, witnesses }: Configuration): Required<MembersWanted> {
  const named = (ids: readonly NodeId[]): Member[] => members.filter(({ id }) => ids.includes(id));
  return { voters: named(voters), learners: named(learners), witnesses };
}

const calledOff = (): RaftError => new RaftError("Cancelled", "refused", "The change was called off before it began.");
