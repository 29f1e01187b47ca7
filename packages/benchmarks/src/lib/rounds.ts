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
export const alternate = (rounds: number, ours: () => Promise<Sample>, limit: () => Promise<Sample>): Promise<Paired> =>
  inTurn(rounds, { ours, limit });

/** The same for any number of them: the n-th samples of all share their moment. */
export async function inTurn<Name extends string>(
  rounds: number,
  measure: Readonly<Record<Name, () => Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const order = Object.keys(measure) as Name[];
  const result = Object.fromEntries(order.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, too.
    for (const name of order) result[name].push(await measure[name]());
    order.reverse();
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
