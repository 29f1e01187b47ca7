import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endsWithUs } from "./leavings.js";

/** Runs a program of this folder in a process of its own, so that no heap is warm or torn by an earlier case, and returns the one message it sends. */
export function measureIn<Result>(program: string, args: readonly string[]): Promise<Result> {
  const path = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(path, args, { execArgv: ["--expose-gc"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    endsWithUs(child, "SIGTERM");
    let result: Result | undefined;
    child.once("message", (message) => {
      result = message as Result;
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (result === undefined) reject(new Error(`${program} ended with ${String(code)} and no result`));
      else resolve(result);
    });
  });
}

/** Hands the result to the parent and ends. */
export function answer(result: unknown): void {
  process.send?.(result, () => process.exit(0));
}
