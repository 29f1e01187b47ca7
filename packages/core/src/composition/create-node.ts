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
 * @throws RaftError `BadOption` (O05) or `BindingMissing`.
 */
export async function createNode<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown>(
  options: NodeOptions,
  modules: readonly ContainerModule[],
): Promise<Node<Command, Result, Query, Answer>> {
  const resolved = resolveOptions(options);
  const container = new Container({ defaultScope: "Singleton" });
  const census = new BindingCensus();
  await container.loadAsync(census.module(modules));
  census.check();
  container.load(coreModule(census));
  const ports = await container.getAsync(NodePorts);
  return new RaftNode(resolved, resolved, ports) as Node<Command, Result, Query, Answer>;
}
