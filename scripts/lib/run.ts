import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./root.js";

/** How a child process ended. */
export interface Outcome {
  /** The exit status; 1 if a signal or the deadline ended it. */
  readonly code: number;
  /** What it wrote to both streams; empty unless `quiet`. */
  readonly output: string;
  readonly timedOut: boolean;
}

/** Where and how a command runs. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Keep the output instead of showing it. */
  readonly quiet?: boolean;
  /** What tells this process to end is told to the command instead, so that it can put its things away. */
  readonly passSignals?: boolean;
  /** After this long the command and all it started are killed. Without it the command may take forever. */
  readonly timeoutMs?: number;
}

/** Runs a command to its end. The repository's own tools are found without a global installation. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const tools = join(root, "node_modules", ".bin");
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env, PATH: `${tools}:${process.env["PATH"] ?? ""}` },
      stdio: options.quiet === true ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      // A group of its own, so that the deadline reaches the workers of a test runner that spins.
      detached: options.timeoutMs !== undefined,
    });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);

    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    const passed = options.passSignals === true ? (["SIGTERM", "SIGINT", "SIGHUP"] as const) : [];
    for (const signal of passed) process.on(signal, pass);

    let timedOut = false;
    const deadline =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
          }, options.timeoutMs);
    child.once("error", (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(deadline);
      for (const signal of passed) process.off(signal, pass);
      resolve({ code: code ?? 1, output, timedOut });
    });
  });
}
