import type { KvOperation } from "@hexraft/testing/linearizability";
import { type Caller, type HistoryBounds, KeyHistory } from "./key-history.js";

/** What the finished histories were found to be. */
export interface RegisterFindings {
  /** Keys that were checked. */
  readonly checked: number;
  /** What cannot be explained, in words. */
  readonly contradictions: readonly string[];
  /** Keys of which the checker could not say. */
  readonly undecided: number;
}

/**
 * A few keys that all callers want at once. One that has seen enough is read a last time, checked, and followed by a new one:
 * short histories are decided in milliseconds, one of an hour never would be.
 */
export class Registers {
  private readonly live: KeyHistory[];
  private retired: KeyHistory[] = [];
  private generation = 0;
  private checked = 0;
  private undecided = 0;
  private readonly contradictions: string[] = [];

  constructor(
    keys: number,
    private readonly bounds: HistoryBounds,
    private readonly random: () => number,
  ) {
    this.live = Array.from({ length: keys }, () => this.next());
  }

  /** What was found so far. */
  get findings(): RegisterFindings {
    const { checked, contradictions, undecided } = this;
    return { checked, contradictions, undecided };
  }

  /** Does one thing to one of the keys. @returns whether it was answered. */
  turn(caller: Caller, value: string): Promise<boolean> {
    const history = this.pick();
    return history.ask(caller, this.choose(history, value));
  }

  /** Reads one of the keys. @returns whether it was answered. */
  read(caller: Caller): Promise<boolean> {
    const history = this.pick();
    return history.ask(caller, { type: "get", key: history.key });
  }

  /** Reads and checks the keys that are finished and that nobody waits for any more. @returns how many stay for later. */
  async settle(caller: Caller): Promise<number> {
    const quiet = this.retired.filter((history) => history.isQuiet);
    for (const history of quiet) {
      const { key } = history;
      if (!(await history.ask(caller, { type: "get", key }))) continue;
      this.retired = this.retired.filter((each) => each !== history);
      this.judge(history);
    }
    return this.retired.length;
  }

  /** No more turns: all keys are finished. */
  finish(): void {
    this.retired.push(...this.live.splice(0));
  }

  private pick(): KeyHistory {
    const at = Math.floor(this.random() * this.live.length);
    const history = this.live[at] as KeyHistory;
    if (!history.isFull) return history;
    this.retired.push(history);
    return (this.live[at] = this.next());
  }

  private judge(history: KeyHistory): void {
    const { verdict, contradiction } = history.check();
    this.checked++;
    if (verdict === "undecided") this.undecided++;
    if (verdict === "not-linearizable") this.contradictions.push(contradiction?.text ?? history.key);
  }

  private choose({ key, lastSeen }: KeyHistory, value: string): KvOperation {
    const dice = this.random();
    if (dice < 0.4) return { type: "get", key };
    if (dice < 0.7) return { type: "put", key, value };
    return { type: "compareAndSet", key, expected: lastSeen, value };
  }

  private next(): KeyHistory {
    return new KeyHistory(`register/${++this.generation}`, this.bounds);
  }
}
