import { type Profiler, Session } from "node:inspector";

/** Functions that ran, each with its blocks: an outer one before those inside. */
type Ran = ReadonlyMap<string, readonly Profiler.CoverageRange[]>;

/** A place in a function where a block begins or ends. */
export interface Place {
  readonly inFunction: string;
  readonly offset: number;
}

/**
 * Which places of the packages' code have run, by V8's own counters. Only code that is loaded after {@link Coverage.start} is
 * counted block by block. V8 tells blocks apart by how often they ran, and joins those that ran equally often; so a place that
 * was once told apart is remembered, and looked up again in what later runs tell.
 */
export class Coverage {
  private readonly session = new Session();
  /** Per function the places known; whether each has run. */
  private readonly places = new Map<string, Map<number, boolean>>();
  private covered = 0;

  /** Begins to count. */
  start(): this {
    this.session.connect();
    this.session.post("Profiler.enable");
    this.session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return this;
  }

  /** Ends. */
  stop(): void {
    this.session.disconnect();
  }

  /** Places that have run so far. */
  get branches(): number {
    return this.covered;
  }

  /** What has run since the last call; the counters begin anew. */
  take(): Ran {
    const ran = new Map<string, readonly Profiler.CoverageRange[]>();
    this.session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error === null) for (const script of answer.result) if (isOurs(script.url)) add(script, ran);
    });
    return ran;
  }

  /** The places that ran now, and never before. */
  note(ran: Ran): readonly Place[] {
    const fresh: Place[] = [];
    for (const [inFunction, ranges] of ran) {
      const known = this.places.get(inFunction) ?? new Map<number, boolean>();
      this.places.set(inFunction, known);
      for (const { startOffset, endOffset } of ranges)
        for (const offset of [startOffset, endOffset]) if (!known.has(offset)) known.set(offset, false);
      for (const [offset, hasRun] of known) {
        if (hasRun || !runs(ranges, offset)) continue;
        known.set(offset, true);
        fresh.push({ inFunction, offset });
      }
    }
    this.covered += fresh.length;
    return fresh;
  }
}

/** Those of the places that ran. */
export const among = (ran: Ran, places: readonly Place[]): readonly Place[] =>
  places.filter(({ inFunction, offset }) => runs(ran.get(inFunction) ?? [], offset));

/** The innermost block around a place says whether it ran. */
function runs(ranges: readonly Profiler.CoverageRange[], place: number): boolean {
  return (ranges.findLast(({ startOffset, endOffset }) => startOffset <= place && place < endOffset)?.count ?? 0) > 0;
}

function add(
  { scriptId, functions }: Profiler.ScriptCoverage,
  ran: Map<string, readonly Profiler.CoverageRange[]>,
): void {
  for (const { ranges } of functions) {
    const [whole] = ranges;
    if (whole !== undefined && whole.count > 0) ran.set(`${scriptId} ${whole.startOffset} ${whole.endOffset}`, ranges);
  }
}

const isOurs = (url: string): boolean =>
  (url.includes("/packages/") && !url.includes("node_modules")) || url.endsWith("/planted.ts");
