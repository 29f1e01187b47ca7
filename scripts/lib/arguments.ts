import { type ParseArgsConfig, parseArgs } from "node:util";

/** The exit status of a command that was called wrongly, as `hexraft` has it. */
const USAGE_STATUS = 2;

/** Reads what a script was called with. `--help` prints the usage and ends; what it does not know is {@link refuse}d. */
export function readArguments<const T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).some((given) => given === "--help" || given === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  // Whose reader has had enough (`| head`) still takes away what it made, and says with its exit status what it found.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  try {
    return parseArgs(config);
  } catch (error) {
    // Its first sentence says what is wrong; the rest is about something else that might have been meant.
    return refuse(usage, (error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "");
  }
}

/** Says what is wrong with a call, and how to call. */
export function refuse(usage: string, problem: string): never {
  console.error(`${problem}\n\n${usage}`);
  process.exit(USAGE_STATUS);
}
