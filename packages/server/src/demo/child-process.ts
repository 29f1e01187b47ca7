import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ACCESS_VARIABLE } from "../access/access-file.js";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));
/** A child that was asked to end may take this long before it is killed, ms. */
const GRACE_MS = 3_000;

/** One of the demo's own child processes: the `hexraft` command once more, with a channel to this process. */
export class Child {
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<void>;
  private readonly process: ChildProcess;

  /** @param logFile - takes what it writes. */
  constructor(args: readonly string[], logFile: string, onMessage: (message: unknown) => void) {
    const log = openSync(logFile, "a");
    this.process = fork(MAIN, [...args], {
      execArgv: [],
      env: { ...process.env, [ACCESS_VARIABLE]: "" },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.process.on("message", onMessage);
    this.ended = new Promise((resolve) => {
      this.process.once("exit", () => resolve());
      this.process.once("error", () => resolve());
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** What the process ended with, in words. */
  get fate(): string {
    const { exitCode, signalCode } = this.process;
    return signalCode === null ? `exit code ${exitCode}` : signalCode;
  }

  tell(message: object): void {
    if (this.process.connected) this.process.send(message);
  }

  /** `kill -9`; resolves when it is dead. */
  async kill(): Promise<void> {
    if (this.running) this.process.kill("SIGKILL");
    await this.ended;
  }

  /** At once and without waiting, for the last moment of this process. */
  killNow(): void {
    if (this.running) this.process.kill("SIGKILL");
  }

  /** Asks it to end, and kills it if it does not. */
  async stop(): Promise<void> {
    if (this.running) this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.killNow(), GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }
}
