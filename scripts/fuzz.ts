/**
 * `pnpm fuzz [--seconds N] [--json]`: feeds everything that bytes from outside reach with well-formed and spoilt inputs, led by the
 * blocks of code that they make run. Exits with 1 if anything crashed or hung.
 */
import { fileURLToPath } from "node:url";
import { type Order, runFuzzing } from "./fuzz/process.js";
import { superviseFuzzing } from "./fuzz/supervise.js";
import { readArguments, refuse } from "./lib/arguments.js";

const USAGE = `pnpm fuzz [--seconds N] [--only frames,messages,log-files,snapshots,backups,manifests,resp,door] [--seed TEXT]
          [--hang-seconds N] [--save] [--json]

  --seconds N   how long; 30 if not said
  --only …      some of the targets
  --seed TEXT   the same inputs again, as far as time allows
  --hang-seconds N   an input that takes longer hangs; 20 if not said
  --save        keeps inputs that reached new code in scripts/fuzz/corpus
  --json        prints one line, for programs`;

const told = process.argv.indexOf("--child");
if (told > 0) {
  await runFuzzing(JSON.parse(process.argv[told + 1] ?? "{}") as Order, (report) => process.send?.(report));
  process.disconnect();
} else await fuzz();

async function fuzz(): Promise<void> {
  const { values } = readArguments(USAGE, {
    options: {
      seconds: { type: "string", default: "30" },
      only: { type: "string", default: "" },
      seed: { type: "string", default: `${Date.now()}` },
      "hang-seconds": { type: "string", default: "20" },
      save: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 86_400)) refuse(USAGE, `--seconds is ${values.seconds}; it must be from 1 to 86400`);
  const hangSeconds = Number(values["hang-seconds"]);
  if (!(hangSeconds >= 1 && hangSeconds <= 600)) refuse(USAGE, `--hang-seconds must be from 1 to 600`);
  const only = values.only === "" ? [] : values.only.split(",");
  const order = { seconds, seed: values.seed, only, save: values.save };
  const { tally, branches } = await superviseFuzzing(fileURLToPath(import.meta.url), order, hangSeconds * 1_000);
  const { inputs, bytes, decoded, findings, maxExtraHeapBytes } = tally;
  for (const { kind, target, what, input } of findings)
    console.error(`${kind} in ${target}: ${what}\n  input: ${input}`);
  const count = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
  const figures = {
    inputs,
    bytes,
    crashes: count("crash"),
    hangs: count("hang"),
    maxExtraHeapMb: Math.round(maxExtraHeapBytes / 104_857.6) / 10,
    decoded,
    branches,
  };
  if (values.json) console.log(JSON.stringify(figures));
  else {
    console.log(`seed ${values.seed}, ${seconds} s`);
    for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${JSON.stringify(value)}`);
  }
  process.exitCode = findings.length === 0 ? 0 : 1;
}
