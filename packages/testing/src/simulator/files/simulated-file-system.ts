import { type DirectoryLock, type FileSystem, RaftError } from "@hexraft/core/ports";
import type { SeededRandom } from "../../time/seeded-random.js";
import type { DiskFault, Rot } from "../world/simulated-disk.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import { decay } from "./decay.js";
import { DirectoryTree, type TreeImage } from "./directory-tree.js";
import { Inode, type Survival } from "./inode.js";
import { Crashed, type Life, never } from "./life.js";
import { MountedFileSystem } from "./mounted-file-system.js";

const CALM_MS = [0.1, 1.5] as const;
/** A crash inside I/O comes at one of this many next steps. */
const STEPS_AHEAD_MAX = 12;

/**
 * A disk that forgets what was not synced, for any adapter over the FileSystem port. Of each file there is what processes
 * see and what would survive, names apart. A power cut loses, tears and reorders what was not synced; calls fail, take
 * part of what they are given, or take long; and a process can die inside any step: then the image freezes, later calls
 * of that life never return, and a synchronous one throws {@link Crashed}.
 */
export class SimulatedFileSystem {
  /** Steps taken so far: calls that change or sync something. */
  steps = 0;
  private tree: DirectoryTree;
  private life: Life = { alive: false, handles: 0 };
  private readonly locks = new Map<string, Life>();
  private range: readonly [number, number] = CALM_MS;
  private armed: { stepsLeft: number; readonly crashed: () => void } | undefined;
  private fault: DiskFault | undefined;
  private busyUntilMs = 0;

  /**
   * An empty disk, unless an image is given.
   *
   * @param time - the clock on which syncs take their time; without one they take none.
   */
  constructor(
    private readonly random: SeededRandom,
    private readonly time?: SimulatedTime,
    image?: TreeImage,
  ) {
    this.tree = new DirectoryTree(image);
  }

  /** The port, for a process that begins now. */
  mount(): FileSystem {
    this.life = { alive: true, handles: 0 };
    return new MountedFileSystem(this, this.life);
  }

  /** Files that the living process has open. */
  get openHandles(): number {
    return this.life.alive ? this.life.handles : 0;
  }

  /** How long the slowest sync under way still takes, whatever became of the fault that slowed it down; ms. */
  get longestMs(): number {
    return Math.max(0, this.busyUntilMs - (this.time?.now() ?? 0));
  }

  /** Power is cut: the process is gone, and the disk holds what survived. */
  crash(survival: Survival = "chance"): void {
    this.life.alive = false;
    this.armed = undefined;
    this.fault = undefined;
    this.tree = new DirectoryTree(this.image(survival, this.random));
  }

  /** What a power cut at this instant would leave; the disk itself stays as it is. */
  image(survival: Survival, random: SeededRandom): TreeImage {
    const { files, directories } = this.tree.afterPowerCut(survival, random);
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        copies.set(inode, (copy = new Inode(inode.afterPowerCut(survival, random))));
        copy.sealedTo = Math.min(inode.sealedTo, copy.durable.size);
      }
      return copy;
    };
    return { files: new Map([...files].map(([path, inode]) => [path, copyOf(inode)])), directories };
  }

  /** Calls `crashed` inside one of the next steps. */
  crashInside(crashed: () => void): void {
    this.armed = { stepsLeft: this.random.integer(0, STEPS_AHEAD_MAX), crashed };
  }

  /** From now on a sync takes so long, ms. */
  slow(range: readonly [number, number]): void {
    this.range = range;
  }

  /** The next call of the kind fails like this. */
  fail(fault: DiskFault): void {
    this.fault = fault;
  }

  /** No fault any more. */
  heal(): void {
    this.range = CALM_MS;
    this.armed = undefined;
    this.fault = undefined;
  }

  /** Sealed bytes become others. @returns which, in words; empty if there are none. */
  rot(how: Rot): string {
    return decay(this.tree.all, how, this.random);
  }

  /** Everything is gone. */
  wipe(): void {
    this.life.alive = false;
    this.tree = new DirectoryTree();
  }

  /** Keeps what is durable now; what is returned puts it back. */
  copy(): () => void {
    const kept = this.image("none", this.random);
    return () => {
      this.life.alive = false;
      this.tree = new DirectoryTree(kept);
    };
  }

  /** @internal */
  get names(): DirectoryTree {
    return this.tree;
  }

  /** @internal A step begins, or a crash inside of it. `torn`: what it does is half done by then. */
  step(life: Life, torn?: () => void): void {
    this.mustLive(life);
    this.steps++;
    if (this.armed === undefined || this.armed.stepsLeft-- > 0) return;
    const { crashed } = this.armed;
    this.armed = undefined;
    torn?.();
    crashed();
    this.mustLive(life);
  }

  /** @internal */
  mustLive(life: Life): void {
    if (!life.alive) throw new Crashed("the process is gone");
  }

  /** @internal Takes the fault that is due, if it is one of these. */
  due(...kinds: readonly DiskFault[]): DiskFault | undefined {
    const { fault } = this;
    if (fault === undefined || !kinds.includes(fault)) return undefined;
    this.fault = undefined;
    return fault;
  }

  /** @internal How much of `size` bytes a short write takes. */
  some(size: number): number {
    return this.random.integer(1, Math.max(1, size - 1));
  }

  /** @internal Something that takes a sync's time; never returns to a life that ended meanwhile. */
  syncing(life: Life, finish: () => void): Promise<void> {
    if (!life.alive) return never();
    const { time } = this;
    if (time === undefined) return Promise.resolve().then(finish);
    const [from, to] = this.range;
    const forMs = from + this.random.next() * (to - from);
    this.busyUntilMs = Math.max(this.busyUntilMs, time.now() + forMs);
    return new Promise((resolve, reject) => {
      time.after(forMs, () => {
        if (!life.alive) return;
        try {
          this.step(life);
          finish();
          resolve();
        } catch (error) {
          if (!(error instanceof Crashed)) reject(error);
        }
      });
    });
  }

  /** @internal */
  take(directory: string, life: Life): DirectoryLock {
    const holder = this.locks.get(directory);
    if (holder?.alive === true)
      throw new RaftError("DirectoryLocked", "refused", `${directory} is in use by a living process`, { pid: 1 });
    this.locks.set(directory, life);
    return {
      release: () => {
        if (this.locks.get(directory) === life) this.locks.delete(directory);
      },
    };
  }
}
