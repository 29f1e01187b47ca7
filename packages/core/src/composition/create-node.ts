import type { ContainerModule } from "inversify";
import type { NodeOptions } from "../model/options.js";
import type { Node } from "../node/node.js";

/**
 * Composes a node from adapters: each module binds one or more ports. A missing or doubly bound port is named before
 * anything starts.
 *
 * @throws RaftError `BadOption` (O05) or `BindingMissing`.
 */
export declare function createNode<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown>(
  options: NodeOptions,
  modules: readonly ContainerModule[],
): Promise<Node<Command, Result, Query, Answer>>;
