import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DirectoryLock, RaftError } from "@hexraft/core/ports";
import { NodeFileSystem } from "../../src/node-file-system.js";

/** What a starter is told to do. `at`: wall-clock instant, so that several begin in the same microseconds. */
export type Order =
  | { readonly do: "take"; readonly directory: string; readonly at: number }
  | { readonly do: "release" }
  | { readonly do: "fight"; readonly directory: string; readonly rounds: number };

/** What it answers. `pid` is its own if it holds the directory, the holder's if it was refused. */
export interface Answer {
  readonly held: boolean;
  readonly pid: unknown;
  readonly intruders: number;
  readonly code: string;
}

const files = new NodeFileSystem();
let lock: DirectoryLock | undefined;

function take(directory: string): Answer {
  try {
    lock = files.lock(directory);
    return { held: true, pid: process.pid, intruders: 0, code: "" };
  } catch (error) {
    const { code, details } = error as RaftError;
    return { held: false, pid: details?.["pid"], intruders: 0, code };
  }
}

/** Takes and gives back again and again; a mark in the directory shows whether somebody else was inside meanwhile. */
function fight(directory: string, rounds: number): Answer {
  const mark = join(directory, "inside");
  let intruders = 0;
  let wins = 0;
  while (wins < rounds) {
    if (!take(directory).held) continue;
    if (existsSync(mark)) intruders++;
    writeFileSync(mark, String(process.pid));
    rmSync(mark);
    lock?.release();
    wins++;
  }
  return { held: false, pid: process.pid, intruders, code: "" };
}

process.on("message", (order: Order) => {
  const answer = (said: Answer) => void process.send?.(said);
  if (order.do === "release") {
    lock?.release();
    answer({ held: false, pid: process.pid, intruders: 0, code: "" });
  } else if (order.do === "fight") answer(fight(order.directory, order.rounds));
  else {
    while (Date.now() < order.at);
    answer(take(order.directory));
  }
});
process.send?.({ held: false, pid: process.pid, intruders: 0, code: "ready" } satisfies Answer);
