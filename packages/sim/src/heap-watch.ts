import { getHeapCodeStatistics } from "node:v8";

/** A warm thread collects its whole heap each so many seeds, and looks at what lives. */
export const LOOK_EVERY_SEEDS = 50;
/** Until then what lives grows with the code that has run, and with what the host learned of it: nobody looks. */
export const WARM_UP_SEEDS = 300;
/** Fewer looks say nothing of a trend. */
export const LOOKS_MIN = 30;
/** What the live heap of a thread may grow by per 1,000 seeds; MiB. */
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
  /** The slope of the line through the looks; null while they are too few. */
  readonly growthPer1000Seeds: number | null;
}

/**
 * Looks at a thread's heap now and then, once it is warm. Without `--expose-gc` it never does: what lives is not known then.
 *
 * A collection between two seeds, when nothing of a cluster lives, takes the shapes of all its objects with it, and what was compiled
 * for them: a thousand functions would be compiled anew. So it is collected amid a run that is always the same.
 */
export class HeapWatch {
  private seeds = 0;

  /** @param amidRun - calls back once, in the middle of a run that is the same each time. */
  constructor(
    private readonly amidRun: (look: () => void) => Promise<void>,
    private readonly collect: (() => unknown) | null = globalThis.gc ?? null,
  ) {}

  /** Another seed was run. */
  async ran(): Promise<HeapLook | undefined> {
    const { collect } = this;
    const seeds = ++this.seeds;
    if (collect === null || seeds < WARM_UP_SEEDS || seeds % LOOK_EVERY_SEEDS !== 0) return undefined;
    let look: HeapLook | undefined;
    await this.amidRun(() => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      const { code_and_metadata_size: code } = getHeapCodeStatistics();
      look = { seeds, mib: (heapUsed - code + external) / MIB };
    });
    return look;
  }
}

/** What looks in the order of their time say, of one thread or of several; nothing without any. */
export function heapTrend(looks: readonly HeapLook[]): HeapMib | undefined {
  const [first] = looks;
  const last = looks.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const growthPer1000Seeds = looks.length < LOOKS_MIN ? null : rounded(1_000 * slopeOf(looks));
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
