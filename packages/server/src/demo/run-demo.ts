import { readFileSync } from "node:fs";
import type { NodeEvent } from "@hexraft/core";
import { ExitCode } from "../exit-codes.js";
import { DemoCluster } from "./demo-cluster.js";
import { inWords } from "./event-words.js";
import { runInteractive } from "./interactive.js";
import { runOnce } from "./once.js";

/** Longest run without a terminal, ms. */
const ONCE_DEADLINE_MS = 90_000;
const LOG_LINES_SHOWN = 15;

/** Options of the demo. */
export interface DemoOptions {
  /** Run to the end by itself. */
  readonly once: boolean;
  /** Keys to write then. */
  readonly keys: number;
}

/** Runs the demo; whatever happens, no process, port or file of it is left. @returns the exit code. */
export async function runDemo({ once, keys }: DemoOptions): Promise<number> {
  const began = performance.now();
  const say = (line: string) =>
    void process.stdout.write(`${((performance.now() - began) / 1_000).toFixed(2).padStart(6)} s  ${line}\n`);
  let onEvent: (id: string, event: NodeEvent) => void = () => {};
  let onEnded: (id: string, fate: string) => void = (id, fate) =>
    cluster.fail(new Error(`${id} ended by itself, ${fate}`));
  const cluster = new DemoCluster(
    (id, event) => onEvent(id, event),
    (id, fate) => onEnded(id, fate),
  );
  const stop = onInterruption(once ? ONCE_DEADLINE_MS : Number.POSITIVE_INFINITY, (reason) => cluster.fail(reason));
  const atExit = () => cluster.closeNow();
  process.once("exit", atExit);
  try {
    if (!once) {
      await runInteractive(cluster, (tell) => {
        onEvent = (id, event) => tell(id, inWords(id, event));
        onEnded = (id, fate) =>
          tell(id, `${id} has ended by itself, ${fate}; its log is ${cluster.directory}/${id}.log`);
      });
      return ExitCode.ok;
    }
    const verdict = await Promise.race([runOnce(cluster, keys, say), cluster.failed]);
    await cluster.close();
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
    return verdict.lost === 0 && verdict.converged ? ExitCode.ok : ExitCode.failed;
  } catch (error) {
    process.stderr.write(`hexraft: the demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    for (const { id, logFile } of cluster.nodes) process.stderr.write(`--- the last of ${id}:\n${tailOf(logFile)}`);
    return ExitCode.failed;
  } finally {
    stop();
    await cluster.close();
    process.off("exit", atExit);
  }
}

/** Tells when somebody ends this process, or when it takes too long. @returns what ends the watch. */
function onInterruption(deadlineMs: number, tell: (reason: Error) => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = (signal: NodeJS.Signals) => tell(new Error(`ended by ${signal}`));
  for (const signal of signals) process.on(signal, onSignal);
  const late = () => tell(new Error(`it took more than ${deadlineMs} ms`));
  const timer = Number.isFinite(deadlineMs) ? setTimeout(late, deadlineMs) : undefined;
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    clearTimeout(timer);
  };
}

function tailOf(file: string): string {
  try {
    return `${readFileSync(file, "utf8").trimEnd().split("\n").slice(-LOG_LINES_SHOWN).join("\n")}\n`;
  } catch {
    return "(nothing)\n";
  }
}
