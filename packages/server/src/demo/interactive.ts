import { createInterface } from "node:readline";
import { HexraftClient } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import type { DemoCluster } from "./demo-cluster.js";
import { DEMO_COMMANDS, runCommand } from "./demo-commands.js";

const COMMIT_WATCH_MS = 500;

/** Shows three nodes at work, and lets a person try what they do when they are killed or cut off. */
export async function runInteractive(
  cluster: DemoCluster,
  listen: (tell: (id: string, words: string) => void) => void,
): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: "hexraft> " });
  let prompting = false;
  const say = (line: string) => {
    process.stdout.write(`${prompting ? "\r\u001b[K" : ""}${line}\n`);
    if (prompting) terminal.prompt(true);
  };
  // A node that asks in vain says the same every few hundred milliseconds; once is enough.
  const lastWords = new Map<string, string>();
  listen((id, words) => {
    if (words === "" || lastWords.get(id) === words) return;
    lastWords.set(id, words);
    say(`  ${words}`);
  });
  say("Starting three nodes …");
  // A person who has seen enough may leave at any time, also while the nodes are still being started.
  const left = new Promise<void>((resolve) => {
    terminal.once("SIGINT", resolve);
    terminal.once("close", resolve);
  });
  const gone = Promise.race([left, cluster.failed.catch(() => {})]);
  try {
    const started = cluster.start();
    const first = await Promise.race([started, gone]);
    if (first === undefined) {
      started.catch(() => {});
      return;
    }
    say(`\n${first.id} leads. Connect to any node; all of them take reads and writes:\n`);
    for (const { id, pid, addresses } of cluster.nodes) {
      const { resp = "", http = "" } = addresses;
      say(`  ${id}  pid ${pid}   redis-cli -p ${resp.split(":")[1]}    curl http://${http}/v1/status?format=text`);
    }
    say(`\n${DEMO_COMMANDS}\n`);
    const client = new HexraftClient({ endpoints: cluster.endpoints });
    const watch = watchCommits(cluster, say);
    const answerTo = async (line: string): Promise<void> => {
      const answer = await runCommand(line.trim(), cluster, client).catch(reasonOf);
      if (answer === null) terminal.close();
      else if (answer === "") terminal.prompt();
      else say(answer);
    };
    prompting = true;
    terminal.prompt();
    terminal.on("line", (line) => {
      void answerTo(line);
    });
    await gone;
    prompting = false;
    clearInterval(watch);
    client.close();
  } finally {
    terminal.close();
    process.stdout.write("\nStopping three nodes …\n");
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof RaftError) return `${error.outcome}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Tells what was committed since the last look, if anything was. */
function watchCommits(cluster: DemoCluster, say: (line: string) => void): ReturnType<typeof setInterval> {
  let last = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    looking = true;
    const said = await cluster.statuses();
    looking = false;
    const commit = Math.max(last, ...said.map(({ status }) => status.commitIndex));
    if (commit > last && last > 0) {
      const applied = said.map(({ node, status }) => `${node.id} ${status.appliedIndex}`).join(", ");
      say(`  committed up to ${commit} (+${commit - last}); applied: ${applied}`);
    }
    last = commit;
  };
  return setInterval(() => {
    if (!looking) void look();
  }, COMMIT_WATCH_MS);
}
