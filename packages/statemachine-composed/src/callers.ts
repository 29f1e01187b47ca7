import { type ApplyOptions, type Node, type ReadOptions, Rejected } from "@hexraft/core";
import type {
  AnswerOf,
  CommandOf,
  ComposedCommand,
  ComposedQuery,
  PartResult,
  Parts,
  QueryOf,
  ResultOf,
} from "./parts.js";

/** A node of composed state machines. */
export type ComposedNode<P extends Parts> = Node<ComposedCommand<P>, PartResult<P> | Rejected, ComposedQuery<P>>;

/** One part of a node, as if the node had no other. */
export interface Caller<Command, Result, Query, Answer> {
  /** As the node's. */
  apply(command: Command, options?: ApplyOptions): Promise<Result | Rejected>;
  /** As the node's. */
  read(query: Query, options?: ReadOptions): Promise<Answer>;
}

/** A caller for each part. */
export type Callers<P extends Parts> = {
  readonly [Name in keyof P]: Caller<CommandOf<P[Name]>, ResultOf<P[Name]>, QueryOf<P[Name]>, AnswerOf<P[Name]>>;
};

/** F04 F03: the parts of a node by their names, each with its own types. */
export function callersOf<P extends Parts>(parts: P, node: Pick<ComposedNode<P>, "apply" | "read">): Callers<P> {
  const caller = (to: string): Caller<unknown, unknown, unknown, unknown> => ({
    apply: async (command, options) => {
      const said = await node.apply({ to, command } as ComposedCommand<P>, options);
      return said instanceof Rejected ? said : said.result;
    },
    read: (query, options) => node.read({ to, query } as ComposedQuery<P>, options),
  });
  return Object.fromEntries(Object.keys(parts).map((name) => [name, caller(name)])) as unknown as Callers<P>;
}
