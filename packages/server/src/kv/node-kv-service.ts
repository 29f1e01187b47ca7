import type { Consistency, Node, ReadToken } from "@hexraft/core";
import { InSession, OpenSession, type SessionCommand, type SessionOpened } from "@hexraft/sessions";
import type {
  KvAnswer,
  KvAnswerOf,
  KvCommand,
  KvQuery,
  KvResult,
  KvResultOf,
  LaidOutCommand,
} from "@hexraft/statemachine-kv";
import { type CommandNumber, refusedInSession, sessionOfGroup } from "./command-number.js";
import type { KvService } from "./kv-service.js";

/** A node whose state machine is the key-value one, with sessions around it. */
export type KvNode = Node<KvNodeCommand, KvResult | SessionOpened, KvQuery, KvAnswer>;
/** What may be proposed to it. */
export type KvNodeCommand = KvCommand | LaidOutCommand | SessionCommand;

/** The service on top of a node: a follower passes commands on once (R18) and reads under the leader's index (Q04). */
export class NodeKvService implements KvService {
  constructor(
    private readonly node: KvNode,
    private readonly deadlineMs: number,
  ) {}

  async apply<C extends KvCommand>(command: C, number?: CommandNumber): Promise<KvResultOf<C>> {
    if (number === undefined) return (await this.propose(command)) as KvResultOf<C>;
    const { session, sequence, acknowledged } = number;
    const own = sessionOfGroup(session, 0, 1);
    const result = await this.propose(new InSession(own, sequence, acknowledged + 1, command));
    const refusal = refusedInSession(result);
    if (refusal !== undefined) throw refusal;
    return result as KvResultOf<C>;
  }

  async openSession(nonce: Uint8Array): Promise<SessionOpened> {
    return (await this.propose(new OpenSession(nonce))) as SessionOpened;
  }

  read<Q extends KvQuery>(query: Q, consistency: Consistency = "linearizable"): Promise<KvAnswerOf<Q>> {
    return this.node.read(query, { consistency, deadlineMs: this.deadlineMs }) as Promise<KvAnswerOf<Q>>;
  }

  readToken(): ReadToken {
    return this.node.readToken();
  }

  private propose(command: KvNodeCommand): Promise<KvResult | SessionOpened> {
    return this.node.apply(command, { forward: true, deadlineMs: this.deadlineMs });
  }
}
