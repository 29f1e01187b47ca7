import { getHeapCodeStatistics } from "node:v8";

/** After so many seeds a thread collects its whole heap and looks at what lives: that takes less than a hundredth of its time. */
export const LOOK_EVERY_SEEDS = 50;
/** Until then what lives grows with the code that has run, and with what the host learned of it. */
export const WARM_UP_SEEDS = 300;
/** Fewer looks behind the warm-up say nothing of a trend. */
export const LOOKS_MIN = 30;
/** What the live heap of a thread may grow by per 1,000 seeds, once it is warm; MiB. */
export const HEAP_GROWTH_MIB_MAX = 1;

const MIB = 1024 * 1024;

/** What lives in a thread that has run so many seeds. */
export interface HeapLook {
  readonly seeds: number;
  /** Heap and buffers, without compiled code: of that there is more or less, depending on what is hot. */
  readonly mib: number;
}

/** What a campaign's looks at the live heap say together. */
export interface HeapMib {
  /** At the first look. */
  readonly first: number;
  /** At the last one. */
  readonly last: number;
  /** The slope of the line through the looks behind the warm-up; null while they are too few. */
  readonly growthPer1000Seeds: number | null;
}

/** Looks at a thread's heap now and then. Without `--expose-gc` it never does: what lives is not known then. */
export class HeapWatch {
  private seeds = 0;

  constructor(private readonly collect: (() => unknown) | null = globalThis.gc ?? null) {}

  /** Another seed was run. */
  ran(): HeapLook | undefined {
    this.seeds++;
    if (this.collect === null || this.seeds % LOOK_EVERY_SEEDS !== 0) return undefined;
    this.collect();
    const { heapUsed, external } = process.memoryUsage();
    const { code_and_metadata_size: code } = getHeapCodeStatistics();
    return { seeds: this.seeds, mib: (heapUsed - code + external) / MIB };
  }
}

/** What looks in the order of their time say, of one thread or of several; nothing without any. */
export function heapTrend(looks: readonly HeapLook[]): HeapMib | undefined {
  const [first] = looks;
  const last = looks.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const warm = looks.filter(({ seeds }) => seeds >= WARM_UP_SEEDS);
  const growthPer1000Seeds = warm.length < LOOKS_MIN ? null : rounded(1_000 * slopeOf(warm));
  return { first: rounded(first.mib), last: rounded(last.mib), growthPer1000Seeds };
}

/** MiB per seed, by least squares. */
function slopeOf(looks: readonly HeapLook[]): number {
  const mean = (of: (look: HeapLook) => number): number =>
    looks.reduce((sum, look) => sum + of(look), 0) / looks.length;
  const seedsMean = mean(({ seeds }) => seeds);
  const mibMean = mean(({ mib }) => mib);
  const covariance = mean(({ seeds, mib }) => (seeds - seedsMean) * (mib - mibMean));
  const variance = mean(({ seeds }) => (seeds - seedsMean) ** 2);
  return variance === 0 ? 0 : covariance / variance;
}

const rounded = (mib: number): number => Math.round(100 * mib) / 100;
