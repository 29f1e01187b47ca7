import type { Consistency, Node, ReadToken } from "@hexraft/core";
import type { SessionCommand, SessionOpened } from "@hexraft/sessions";
import type {
  KvAnswer,
  KvAnswerOf,
  KvCommand,
  KvQuery,
  KvResult,
  KvResultOf,
  LaidOutCommand,
} from "@hexraft/statemachine-kv";
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

  apply<C extends KvCommand>(command: C): Promise<KvResultOf<C>> {
    return this.node.apply(command, { forward: true, deadlineMs: this.deadlineMs }) as Promise<KvResultOf<C>>;
  }

  read<Q extends KvQuery>(query: Q, consistency: Consistency = "linearizable"): Promise<KvAnswerOf<Q>> {
    return this.node.read(query, { consistency, deadlineMs: this.deadlineMs }) as Promise<KvAnswerOf<Q>>;
  }

  readToken(): ReadToken {
    return this.node.readToken();
  }
}
