/** One measurement: operations per second, and latency if it was taken. */
export interface Sample {
  /** Operations per second. */
  readonly perSecond: number;
  /** Median latency, ms. */
  readonly p50?: number;
  /** 99th percentile, ms. */
  readonly p99?: number;
  /** Further figures, printed as they are. */
  readonly facts?: Readonly<Record<string, number>>;
}

/** Ours and the limit, measured in turn under the same conditions. */
export interface Paired {
  readonly ours: readonly Sample[];
  readonly limit: readonly Sample[];
}

/** The machine's speed drifts, so the two alternate: each pair shares its moment. */
export async function alternate(
  rounds: number,
  ours: () => Promise<Sample>,
  limit: () => Promise<Sample>,
): Promise<Paired> {
  const result = { ours: [] as Sample[], limit: [] as Sample[] };
  for (let round = 0; round < rounds; round++) {
    // Who goes first alternates, too.
    for (const which of round % 2 === 0 ? (["ours", "limit"] as const) : (["limit", "ours"] as const))
      result[which].push(await (which === "ours" ? ours() : limit()));
  }
  return result;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};
