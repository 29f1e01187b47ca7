import { RaftError } from "@hexraft/core/ports";
import type { SchedulerLike } from "rxjs";

interface Operation {
  readonly land: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly fails: Error | undefined;
}

/**
 * Writes on their way to a disk, landing in the order in which they came: at once, after a virtual delay, or held back
 * until a test lets them go. One that failed takes all later ones with it (L04).
 */
export class WriteQueue {
  /** How long a write takes, ms of the scheduler; 0: it lands at the end of the current task. */
  delayMs = 0;
  private operations: Operation[] = [];
  private held = false;
  private due = false;
  private nextError: Error | undefined;
  private dead: Error | undefined;

  constructor(private readonly scheduler: SchedulerLike | undefined) {}

  /** Writes not landed yet. */
  get pending(): number {
    return this.operations.length;
  }

  /** Takes a write; resolves when it has landed. */
  enqueue(land: () => void): Promise<void> {
    if (this.dead !== undefined) return Promise.reject(this.dead);
    return new Promise((resolve, reject) => {
      this.operations.push({ land, resolve, reject, fails: this.nextError });
      this.nextError = undefined;
      this.arrange();
    });
  }

  /** Nothing lands from now on. */
  hold(): void {
    this.held = true;
  }

  /** Lands the oldest `count` writes held back; all of them, and those to come, if it is not given. */
  release(count?: number): void {
    if (count === undefined) this.held = false;
    this.landFirst(count ?? this.operations.length);
  }

  /** The next write to be taken rejects with `error` in its turn, and the queue is dead from there on. */
  failNext(error: Error): void {
    this.nextError = error;
  }

  /** Power is cut: the first `landed` writes under way reach the disk, though nobody hears of it; the rest is lost. */
  cut(landed: number): void {
    for (const operation of this.operations.slice(0, landed)) if (operation.fails === undefined) operation.land();
    this.operations = [];
  }

  private arrange(): void {
    if (this.delayMs > 0) {
      if (this.scheduler === undefined) throw new Error("a MemoryDisk with a write delay needs a scheduler");
      const upTo = this.operations.at(-1);
      this.scheduler.schedule(() => {
        if (!this.held && upTo !== undefined) this.landFirst(this.operations.indexOf(upTo) + 1);
      }, this.delayMs);
    } else if (!this.due) {
      this.due = true;
      queueMicrotask(() => {
        this.due = false;
        if (!this.held) this.landFirst(this.operations.length);
      });
    }
  }

  private landFirst(count: number): void {
    for (const { land, resolve, reject, fails } of this.operations.splice(0, count)) {
      if (fails !== undefined) this.dead ??= storageFailed(fails);
      if (this.dead !== undefined) {
        reject(this.dead);
        continue;
      }
      land();
      resolve();
    }
    if (this.dead === undefined) return;
    for (const { reject } of this.operations.splice(0)) reject(this.dead);
  }
}

const storageFailed = (cause: Error): RaftError =>
  new RaftError(
    "StorageFailed",
    "unknown",
    `the memory disk failed a write: ${cause.message}; it takes no more until it is opened anew`,
    { cause },
  );
