import { parseArgs } from "node:util";
import { type Exploration, Explorer } from "./explorer.js";
import { SCOPES } from "./scopes.js";

const USAGE = `usage: pnpm explore [--scope NAME]… [--depth N] [--states N] [--json]

Explores small worlds of the pure protocol whole, each up to N events in a row (its own depth if left out) and N distinct
states (2,000,000). Exit status 1 if a rule is broken. Scopes: ${SCOPES.map(({ name }) => name).join(", ")}`;

// Whose reader has had enough (`| head`) still says with its exit status what it found.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
const values = readFlags();
const problem = wrongArgument();
if (problem === undefined) exploreAll();
else refuse(problem);

function readFlags() {
  if (process.argv.includes("--help")) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    const { values: flags } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        depth: { type: "string" },
        states: { type: "string", default: "2000000" },
        scope: { type: "string", multiple: true },
      },
    });
    return flags;
  } catch (error) {
    return refuse((error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "");
  }
}

function refuse(what: string): never {
  console.error(`${what}\n\n${USAGE}`);
  process.exit(2);
}

function wrongArgument(): string | undefined {
  const unknown = (values.scope ?? []).find((name) => !SCOPES.some((scope) => scope.name === name));
  if (unknown !== undefined) return `no scope is called ${unknown}`;
  for (const name of ["depth", "states"] as const) {
    const given = values[name];
    if (given !== undefined && !(Number.isSafeInteger(Number(given)) && Number(given) > 0))
      return `--${name} is a whole number above 0, not ${given}`;
  }
  return undefined;
}

function exploreAll(): void {
  const chosen = SCOPES.filter(({ name }) => values.scope === undefined || values.scope.includes(name));
  const found: Exploration[] = [];
  const startedAt = performance.now();
  for (const scope of chosen) {
    const bounds = {
      statesMax: Number(values.states),
      ...(values.depth !== undefined && { depthMax: Number(values.depth) }),
    };
    const beganAt = performance.now();
    const result = new Explorer(scope).run(bounds);
    found.push(result);
    if (!values.json) console.log(inWords(result, scope.about, (performance.now() - beganAt) / 1_000));
    if (result.violation !== undefined) break;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const sum = (of: (each: Exploration) => number): number => found.reduce((total, each) => total + of(each), 0);
  const states = sum((each) => each.states);
  const violations = found.filter(({ violation }) => violation !== undefined).length;
  const total = {
    states,
    transitions: sum((each) => each.transitions),
    violations,
    statesPerSecond: Math.round(states / seconds),
    seconds: Number(seconds.toFixed(1)),
    scopes: found,
  };
  if (values.json) console.log(JSON.stringify(total));
  else console.log(`${states} states, ${total.statesPerSecond} a second, ${violations} violations`);
  process.exitCode = violations > 0 ? 1 : 0;
}

function inWords(result: Exploration, about: string, seconds: number): string {
  const { scope, states, transitions, depth, isComplete, nodeStates, messages, steps, violation } = result;
  const extent = isComplete ? "all there is" : `all within ${depth} events`;
  return [
    `${scope}: ${about}`,
    `  ${states} states (${extent}), ${transitions} transitions, ${seconds.toFixed(1)} s`,
    `  of ${nodeStates} states of a node and ${messages} messages; ${steps} steps were taken, the rest was known`,
    ...(violation === undefined
      ? []
      : [
          `  BROKEN after ${violation.depth} events: ${violation.rule}`,
          ...violation.schedule.map((event) => `    ${event}`),
        ]),
  ].join("\n");
}
