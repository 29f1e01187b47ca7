import { cpus } from "node:os";
import { median, type Paired, type Sample } from "./rounds.js";

/** Prints one case: a line for people, or one JSON line with `--json`. */
export function report(bench: string, about: Readonly<Record<string, unknown>>, { ours, limit }: Paired): void {
  const rate = (samples: readonly Sample[]) => median(samples.map(({ perSecond }) => perSecond));
  const ratios = ours.map((sample, i) => sample.perSecond / (limit[i] as Sample).perSecond);
  const figures = {
    perSecond: Math.round(rate(ours)),
    limitPerSecond: Math.round(rate(limit)),
    ratio: round(median(ratios)),
    ratioMin: round(Math.min(...ratios)),
    ratioMax: round(Math.max(...ratios)),
    ...latencies("", ours),
    ...latencies("limit", limit),
    ...facts("", ours),
    ...facts("limit", limit),
  };
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ bench, ...about, ...conditions(), ...figures }));
    return;
  }
  const words = Object.entries({ ...about, ...figures }).map(([name, value]) => `${name}=${String(value)}`);
  console.log(`${bench}: ${words.join(" ")}`);
}

/** The conditions under which a figure means anything. */
export function conditions(): Readonly<Record<string, unknown>> {
  return { node: process.version, cores: cpus().length, platform: process.platform };
}

/** Says the conditions once, for people. */
export function announce(bench: string, text: string): void {
  if (process.argv.includes("--json")) return;
  console.log(`${bench}: ${text}; ${Object.values(conditions()).join(", ")} cores; medians, ratio pair by pair`);
}

function latencies(prefix: string, samples: readonly Sample[]): Record<string, number> {
  const of = (pick: (sample: Sample) => number | undefined) => samples.map(pick).filter((value) => value !== undefined);
  const p50 = of((sample) => sample.p50);
  const p99 = of((sample) => sample.p99);
  if (p50.length === 0 || p99.length === 0) return {};
  return { [prefixed(prefix, "p50Ms")]: round(median(p50)), [prefixed(prefix, "p99Ms")]: round(median(p99)) };
}

function facts(prefix: string, samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]?.facts ?? {});
  return Object.fromEntries(
    names.map((name) => [prefixed(prefix, name), round(median(samples.map((sample) => sample.facts?.[name] ?? 0)))]),
  );
}

const prefixed = (prefix: string, name: string): string =>
  prefix === "" ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
