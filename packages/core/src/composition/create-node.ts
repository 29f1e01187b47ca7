import "reflect-metadata";
import { Container, type ContainerModule } from "inversify";
import { type NodeOptions, resolveOptions } from "../model/options.js";
import type { Node } from "../node/node.js";
import { NodePorts } from "../node/node-ports.js";
import { RaftNode } from "../node/raft-node.js";
import { BindingCensus } from "./check-bindings.js";
import { coreModule } from "./core-module.js";

/**
 * Composes a node from adapters: each module binds one or more ports. A missing or doubly bound port is named before
 * anything starts.
 *
 * @example
 * ```ts
 * const node = await createNode({ nodeId: "n1" }, [
 *   nodeRuntime(),
 *   tcpTransport({ host: "127.0.0.1", port: 7001 }),
 *   fileStorage({ directory: "./data" }),
 *   kvStateMachine(),
 * ]);
 * await node.start();
 * ```
 *
 * @param container - where the modules are loaded: an empty one, for whoever wants to let go of all that they bound before the
 * container itself is collected. Default: one of its own.
 * @throws RaftError `BadOption` (O05) or `BindingMissing`.
 */
export async function createNode<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown>(
  options: NodeOptions,
  modules: readonly ContainerModule[],
  container = new Container({ defaultScope: "Singleton" }),
): Promise<Node<Command, Result, Query, Answer>> {
  const resolved = resolveOptions(options);
  const census = new BindingCensus();
  await container.loadAsync(census.module(modules));
  census.check();
  container.load(coreModule(census));
  const ports = await container.getAsync(NodePorts);
  return new RaftNode(resolved, resolved, ports) as Node<Command, Result, Query, Answer>;
}
