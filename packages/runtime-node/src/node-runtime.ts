import { Checksum, Clock, FileSystem, RandomSource, Scheduler, Turn } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { MonotonicScheduler } from "./monotonic-scheduler.js";
import { NodeChecksum } from "./node-checksum.js";
import { NodeClock } from "./node-clock.js";
import { NodeFileSystem } from "./node-file-system.js";
import { NodeRandomSource } from "./node-random-source.js";
import { NodeTurn } from "./node-turn.js";

/**
 * What a node needs from its host, on Node.js: Turn (setImmediate), Clock, Scheduler (both on `performance.now`, which no
 * wall-clock jump moves, E22), RandomSource (the host's cryptographic source), Checksum (zlib) and FileSystem.
 * Nothing here holds the process open or has to be closed, but a directory lock that was taken.
 */
export function nodeRuntime(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(Turn).toConstantValue(new NodeTurn());
    bind(Clock).toConstantValue(new NodeClock());
    bind(Scheduler).toConstantValue(new MonotonicScheduler());
    bind(RandomSource).toConstantValue(new NodeRandomSource());
    bind(Checksum).toConstantValue(new NodeChecksum());
    bind(FileSystem).toConstantValue(new NodeFileSystem());
  });
}
