import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { NETWORKS, type NetworkKind } from "./arena.js";
import { isSound, runChaos } from "./chaos.js";
import { isInRoom, roomRefusal, runInRoom } from "./network/room.js";

interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly network: NetworkKind;
  readonly json: boolean;
}

/** Exit status of a call that is wrong; 1 is a run that failed. */
const WRONG_CALL = 2;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** What a minute has to see at least; less says nothing about a cluster. */
const FAULTS_PER_MINUTE = 20;
const OPERATIONS_PER_MINUTE = 10_000;

const minutes = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= 1_440)) throw new InvalidArgumentError("must be a number above 0, and at most 1440");
  return value;
};
const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("must be a whole number from 0 on");
  return value;
};

const program = new Command("chaos")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_CALL))
  .description(
    "Three real processes whose links fail, and which are killed and paused, under real clients; then what the clients saw is checked. Ends with 1 if anything acknowledged is lost, or a history is not, or not decidedly, linearizable.",
  )
  .option("--minutes <n>", "how long", minutes, 2)
  .option(
    "--seed <n>",
    "chooses the faults; another one each time if it is not given",
    wholeNumber,
    Date.now() % 1_000_000,
  )
  .addOption(
    new Option(
      "--network <kind>",
      "what lies between the nodes: a proxy, or network namespaces and a bridge of the Linux kernel",
    )
      .choices(NETWORKS)
      .default("proxy" satisfies NetworkKind),
  )
  .option("--json", "print one JSON object at the end, and nothing before", false);

async function main(): Promise<number> {
  const flags = program.parse().opts<Flags>();
  return flags.network === "namespaces" && !isInRoom() ? throughRoom() : run(flags);
}

/** All of it once more, where it may do with the network what it likes. */
async function throughRoom(): Promise<number> {
  const refusal = await roomRefusal();
  if (refusal === undefined) return runInRoom([fileURLToPath(import.meta.url), ...process.argv.slice(2)], SIGNALS);
  process.stderr.write(
    `chaos: --network namespaces wants Linux, unshare, ip and tc, and the right to make network namespaces. This machine says: ${refusal}. Leave it out: the proxy runs everywhere.\n`,
  );
  return WRONG_CALL;
}

async function run(flags: Flags): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  const say = (line: string) => void (flags.json ? undefined : process.stdout.write(`${line}\n`));
  const told: string[] = [];
  try {
    say(`seed ${flags.seed}`);
    const verdict = await runChaos({
      durationMs: flags.minutes * 60_000,
      seed: flags.seed,
      say: (line) => {
        told.push(line);
        say(line);
      },
      warn: (line) => void process.stderr.write(`chaos: ${line}\n`),
      network: flags.network,
      signal: interrupted.signal,
    });
    const sound = isSound(verdict);
    const { faults, operations } = verdict;
    const enough =
      faults >= Math.floor(FAULTS_PER_MINUTE * flags.minutes) &&
      operations >= Math.floor(OPERATIONS_PER_MINUTE * flags.minutes);
    if (flags.json && !sound) process.stderr.write(`seed ${flags.seed}\n${told.join("\n")}\n`);
    if (!enough)
      process.stderr.write(
        `chaos: a minute has to see ${FAULTS_PER_MINUTE} faults and ${OPERATIONS_PER_MINUTE} operations; this machine was too busy\n`,
      );
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
    return sound && enough ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${flags.json ? `seed ${flags.seed}\n${told.join("\n")}\n` : ""}chaos: ${String(error)}\n`);
    return 1;
  }
}

// Whose reader has had enough (`| head`) still ends its processes, and says with its exit status what it found.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await main();
