import type { Explanation } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import type { Command } from "commander";
import { ExitCode } from "../exit-codes.js";
import { HttpDoor, ofGroup, parseDoors } from "./http-door.js";
import { takeWhoAsks, type WhoAsks, type WhoAsksFlags, whoAsks } from "./who-asks.js";

interface ExplainFlags extends WhoAsksFlags {
  readonly from: string;
  readonly group?: string;
  readonly json?: true;
}

/** What one node said, or why it did not. */
interface Said {
  readonly url: string;
  readonly explanation?: Explanation;
  readonly error?: string;
}

/** O07: `hexraft explain`. */
export function explainCommand(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command("explain")
    .description("Asks nodes why there is no leader, why something is not committed, why a peer is behind.")
    .requiredOption("--from <url,…>", "HTTP doors of nodes, e.g. http://127.0.0.1:8001; each knows its part")
    .option("--group <id>", "of which group, where nodes serve several")
    .option("--json", "print one line of JSON");
  takeWhoAsks(command, "a user with role read")
    .addHelpText("after", `\nExit codes: ${ExitCode.usage} bad flag, ${ExitCode.failed} no node could be asked.`)
    .action(async ({ from, group, json, ...flags }: ExplainFlags) => {
      const who = whoAsks(flags);
      const said = await askAll(parseDoors(from, who), who, group);
      process.stdout.write(json === true ? `${JSON.stringify(said)}\n` : `${said.map(textOf).join("\n")}\n`);
      done(said.some(({ explanation }) => explanation !== undefined) ? ExitCode.ok : ExitCode.failed);
    });
}

const askAll = (doors: readonly URL[], who: WhoAsks, group: string | undefined): Promise<readonly Said[]> =>
  Promise.all(
    doors.map(async (url): Promise<Said> => {
      try {
        return {
          url: url.origin,
          explanation: await new HttpDoor(url, who).json<Explanation>(`/v1/explain${ofGroup("?", group)}`),
        };
      } catch (error) {
        if (!(error instanceof RaftError)) throw error;
        return { url: url.origin, error: error.message };
      }
    }),
  );

function textOf({ url, explanation, error }: Said): string {
  if (explanation === undefined) return `${url}\n  ${error}`;
  const lines = explanation.findings.map(({ about, text }) => `  ${about}: ${text}`);
  return [`${explanation.nodeId} (${url})`, ...lines].join("\n");
}
