import { parseArgs } from "node:util";

const NUMBERS = /^\d[\d.,]*$/;

/**
 * The flags of a benchmark, each with its default; `--json` is every benchmark's. `--help` lists them and ends; an unknown
 * flag, or a word where numbers belong, ends with exit status 2 before anything is measured.
 */
export function readFlags<Name extends string>(
  bench: string,
  defaults: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const known = Object.entries<string>(defaults);
  const usage = `usage: pnpm bench ${bench} [--json] ${known.map(([name, value]) => `[--${name} ${value}]`).join(" ")}`;
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  const refuse = (problem: string): never => {
    console.error(`${problem}\n${usage}`);
    process.exit(2);
  };
  const options = Object.fromEntries(known.map(([name]) => [name, { type: "string" as const }]));
  let given: Readonly<Record<string, string | boolean | undefined>> = {};
  try {
    given = parseArgs({ options: { json: { type: "boolean" }, ...options } }).values;
  } catch (error) {
    refuse((error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "");
  }
  const flags: Record<string, string> = {};
  for (const [name, value] of known) {
    const chosen = String(given[name] ?? value);
    if (NUMBERS.test(value) && !NUMBERS.test(chosen)) refuse(`--${name} takes numbers such as ${value}, not ${chosen}`);
    flags[name] = chosen;
  }
  return flags as Record<Name, string>;
}
