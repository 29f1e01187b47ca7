import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryDirectory } from "../lib/temporary.js";
import type { Finding, Tally } from "./fuzzer.js";
import type { Order, Report } from "./process.js";

/** More than this is a bomb: the process dies of it, and that is a crash. MiB. */
const HEAP_MB_MAX = 1_024;

/** What a run of the fuzzer came to. */
export interface Outcome {
  readonly tally: Tally;
  readonly branches: number;
}

/**
 * Runs the fuzzer in a process of its own, so that an input that never ends, or takes all memory, is told like any other finding.
 *
 * @param silenceMs - a process that says nothing for this long hangs in one input: a batch takes far less.
 */
export function superviseFuzzing(script: string, order: Omit<Order, "mailbox">, silenceMs: number): Promise<Outcome> {
  return inTemporaryDirectory("fuzz", async (directory) => {
    const mailbox = join(directory, "input");
    const execArgv = [...process.execArgv, `--max-old-space-size=${HEAP_MB_MAX}`, "--expose-gc"];
    const child = fork(script, ["--child", JSON.stringify({ ...order, mailbox })], { execArgv });
    return watch(child, mailbox, silenceMs);
  });
}

function watch(child: ChildProcess, mailbox: string, silenceMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome | undefined;
    let isSilent = false;
    const kill = () => {
      isSilent = true;
      child.kill("SIGKILL");
    };
    let timer = setTimeout(kill, silenceMs);
    child.on("message", (report: Report) => {
      clearTimeout(timer);
      timer = setTimeout(kill, silenceMs);
      if (report.type === "over") outcome = report;
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      const what = isSilent ? `nothing came for ${silenceMs} ms` : `the process ended with ${signal ?? code}`;
      resolve(outcome ?? { tally: tallyOf(isSilent ? "hang" : "crash", what, mailbox), branches: 0 });
    });
  });
}

/** The input that a process did not live to report. */
function tallyOf(kind: Finding["kind"], what: string, mailbox: string): Tally {
  const text = readFileSync(mailbox);
  const lineEnd = text.indexOf(10);
  const [target = "", length = "0"] = text.subarray(0, lineEnd).toString().split(" ");
  const input = text.subarray(lineEnd + 1, lineEnd + 1 + Number(length)).toString("hex");
  return { inputs: 0, bytes: 0, maxExtraHeapBytes: 0, decoded: {}, findings: [{ kind, target, what, input }] };
}
