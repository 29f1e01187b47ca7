import type { DirectoryLock } from "@hexraft/core/ports";
import type { DiskFault } from "../world/simulated-disk.js";
import type { DirectoryTree } from "./directory-tree.js";
import type { Life } from "./life.js";

/** A simulated disk, as the processes use it that it is mounted in. */
export interface Platter {
  /** What is on it. */
  readonly names: DirectoryTree;
  /** A step begins, or a crash inside of it. `torn`: what it does is half done by then. */
  step(life: Life, torn?: () => void): void;
  /** @throws Crashed if that process is gone. */
  mustLive(life: Life): void;
  /** Takes the fault that is due, if it is one of these. */
  due(...kinds: readonly DiskFault[]): DiskFault | undefined;
  /** How much of `size` bytes a short write takes. */
  some(size: number): number;
  /** Something that takes a sync's time; never returns to a life that ended meanwhile. */
  syncing(life: Life, finish: () => void): Promise<void>;
  /** Locks a directory for that life. */
  take(directory: string, life: Life): DirectoryLock;
}
