import type { Finding } from "./attempt.js";
import { SIMULATIONS, WORLDS } from "./attempt.js";
import type { Failure } from "./failure.js";

const HEAD = `# Sabotage

What went wrong in other systems, made to go wrong here: each row is a mistake that a real Raft implementation or
storage engine made and told about, written as a small patch of this project's sources; F-X… are mistakes that were made
here, and found before they got out. \`pnpm sabotage\` applies one at a time
to a copy, compiles it, runs the tests that should notice, and random runs beside them. *Caught* means that an assertion of a test
or an invariant failed, not that something merely broke. The list is \`scripts/sabotage/\`; this page is written by
\`pnpm sabotage --table docs/SABOTAGE.md\`, and with \`--only\` just those rows are written anew.

**Seeds**: how many random runs chance alone took to notice, of at most ${WORLDS} worlds of pure nodes, or ${SIMULATIONS} runs of the simulator;
"no": it did not (or "cut off" before it could), and the row shows why directed tests are there. **Seconds** are those of a small machine, compiling included.
Violates: ES election safety, LM log matching, LC leader completeness, SMS state-machine safety, LIN linearizability,
DUR durability, EO exactly-once, CFG configuration safety, LIVE liveness.

| id | what went wrong | violates | here | by | seeds | seconds |
|---|---|---|---|---|---|---|
`;

const ROW = /^\| (F-[A-Z]\d{2}) \|/;

/** The page: rows of this run, and for the other failures those that stood there. */
export function page(failures: readonly Failure[], findings: readonly Finding[], before: string): string {
  const rows = new Map<string, string>();
  for (const text of before.split("\n")) {
    const id = ROW.exec(text)?.[1];
    if (id !== undefined) rows.set(id, text);
  }
  for (const finding of findings) rows.set(finding.failure.id, row(finding));
  const shown = failures.flatMap(({ id }) => rows.get(id) ?? []);
  return `${HEAD}${shown.join("\n")}\n`;
}

/** The ids of the rows of a page. */
export const idsOf = (text: string): string[] => text.split("\n").flatMap((each) => ROW.exec(each)?.[1] ?? []);

function row({ failure, outcome, by, seeds, seconds }: Finding): string {
  const here = outcome === "missed" ? "**missed**" : outcome;
  const cells = [
    failure.id,
    failure.what,
    failure.violates,
    here,
    by,
    seeds ?? "",
    outcome === "not applicable" ? "" : seconds,
  ];
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

/** The same for a terminal. */
export function line({ failure, outcome, by, seeds, seconds }: Finding): string {
  const chance = seeds === undefined ? "" : `, chance: ${typeof seeds === "number" ? `${seeds} seeds` : seeds}`;
  return `${failure.id}  ${outcome.toUpperCase().padEnd(14)} ${by} (${seconds} s${chance})`;
}

/** The one-line summary that other programs read. */
export function summary(findings: readonly Finding[]): { caught: number; missed: number; notApplicable: number } {
  const count = (outcome: Finding["outcome"]): number => findings.filter((each) => each.outcome === outcome).length;
  return { caught: count("caught"), missed: count("missed"), notApplicable: count("not applicable") };
}
