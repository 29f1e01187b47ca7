import { performance } from "node:perf_hooks";
import { among, type Coverage, type Place } from "./coverage.js";
import { mutated } from "./mutate.js";
import type { Pick, Target } from "./target.js";

/** One input may take this long, ms; beyond it the input hangs. */
export const INPUT_MS_MAX = 1_000;
/** Inputs between two looks at the counters: few while there is news, more when there is none. */
const BATCH = { least: 64, most: 2_048 } as const;
/** Most inputs of one target in memory. */
const POOL_MAX = 4_000;

/** Something that should not have happened. */
export interface Finding {
  readonly kind: "crash" | "hang";
  readonly target: string;
  /** The error, or how long it took. */
  readonly what: string;
  /** The input, hexadecimal. */
  readonly input: string;
}

/** What a run came to. */
export interface Tally {
  inputs: number;
  bytes: number;
  maxExtraHeapBytes: number;
  /** How many inputs, or parts of one, were understood, by kind. */
  readonly decoded: Record<string, number>;
  readonly findings: Finding[];
}

interface Pool {
  readonly target: Target;
  readonly inputs: Uint8Array[];
  batch: number;
}

/**
 * Feeds targets with variations of what is in their pools. An input that made code run that none before it had joins its
 * pool, so that the next variations begin where it got to.
 */
export class Fuzzer {
  readonly tally: Tally = { inputs: 0, bytes: 0, maxExtraHeapBytes: 0, decoded: {}, findings: [] };
  private readonly pools: Pool[] = [];
  private heapBytes = 0;

  /** @param about - told of each input before it runs, so that one that never ends can be named. */
  constructor(
    private readonly coverage: Coverage,
    private readonly pick: Pick,
    private readonly about: (target: string, input: Uint8Array) => void = () => {},
  ) {}

  /** Runs what is known already: what the target begins with, and `corpus`. */
  async add(target: Target, corpus: readonly Uint8Array[]): Promise<void> {
    const pool: Pool = { target, inputs: [], batch: BATCH.least };
    this.pools.push(pool);
    for (const known of [...(await target.seeds()), ...corpus]) {
      const input = new Uint8Array(known);
      await this.run(target, input);
      if (this.coverage.note(this.coverage.take()).length > 0) pool.inputs.push(input);
    }
    globalThis.gc?.();
    this.heapBytes = used();
  }

  /** The inputs that earned their place. */
  kept(target: string): readonly Uint8Array[] {
    return this.pools.find((pool) => pool.target.name === target)?.inputs ?? [];
  }

  /** One batch of each target. */
  async round(): Promise<void> {
    for (const pool of this.pools) await this.batch(pool);
  }

  private async batch(pool: Pool): Promise<void> {
    const inputs = Array.from({ length: pool.batch }, () => this.variation(pool));
    for (const input of inputs) await this.run(pool.target, input);
    this.tally.maxExtraHeapBytes = Math.max(this.tally.maxExtraHeapBytes, used() - this.heapBytes);
    const fresh = this.coverage.note(this.coverage.take());
    pool.batch = Math.min(BATCH.most, pool.batch * 2);
    if (fresh.length === 0) return;
    pool.batch = Math.max(BATCH.least, pool.batch >> 2);
    await this.findOut(pool, inputs, fresh);
  }

  /** For each place one of the inputs that made it run joins the pool. Returns the places that these show; the others came by chance. */
  private async findOut(
    pool: Pool,
    inputs: readonly Uint8Array[],
    wanted: readonly Place[],
  ): Promise<readonly Place[]> {
    this.coverage.take();
    for (const input of inputs) await this.run(pool.target, input);
    const shown = among(this.coverage.take(), wanted);
    if (shown.length === 0) return shown;
    if (inputs.length > 1) {
      const half = inputs.length >> 1;
      const explained = new Set(await this.findOut(pool, inputs.slice(0, half), shown));
      const left = shown.filter((place) => !explained.has(place));
      if (left.length > 0) await this.findOut(pool, inputs.slice(half), left);
    } else if (pool.inputs.length < POOL_MAX) pool.inputs.push(inputs[0] as Uint8Array);
    return shown;
  }

  private variation({ target, inputs }: Pool): Uint8Array {
    const { pick } = this;
    // The newest half is where the frontier is.
    const from = pick.below(2) === 0 ? inputs.length >> 1 : 0;
    const input = inputs[from + pick.below(inputs.length - from)] as Uint8Array;
    const varied = pick.below(4) > 0 ? target.vary?.(input, pick) : undefined;
    // A copy, and a plain one: nothing that a target keeps of it is changed by the next variation.
    return new Uint8Array(varied ?? mutated(input, pick, pick.of(inputs)));
  }

  private async run(target: Target, input: Uint8Array): Promise<void> {
    this.about(target.name, input);
    this.tally.inputs++;
    this.tally.bytes += input.length;
    const beganMs = performance.now();
    try {
      const answer = target.run(input);
      for (const kind of answer instanceof Promise ? await answer : answer)
        this.tally.decoded[kind] = (this.tally.decoded[kind] ?? 0) + 1;
    } catch (error) {
      this.found("crash", target.name, error instanceof Error ? (error.stack ?? error.message) : String(error), input);
    }
    const tookMs = performance.now() - beganMs;
    if (tookMs > INPUT_MS_MAX) this.found("hang", target.name, `took ${Math.round(tookMs)} ms`, input);
  }

  private found(kind: Finding["kind"], target: string, what: string, input: Uint8Array): void {
    const finding = { kind, target, what, input: Buffer.from(input).toString("hex") };
    if (!this.tally.findings.some((known) => known.input === finding.input)) this.tally.findings.push(finding);
  }
}

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
