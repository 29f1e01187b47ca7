import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@hexraft/client";

/** The command, built. */
const MAIN = fileURLToPath(new URL("../../server/dist/main.js", import.meta.url));
const START_DEADLINE_MS = 30_000;
const FRONTS = ["client", "http"] as const;

interface Listening {
  readonly peer: string;
  readonly client: string;
  readonly http: string;
}

/** A `hexraft serve` process with its directory, which may be killed, stopped in mid-air, and started again. */
export class ServedNode {
  private process: ChildProcess | undefined;
  private listening: Listening | undefined;
  private ending = false;
  private paused = false;
  private serving = false;

  constructor(
    /** Its name. */
    readonly id: string,
    private readonly directory: string,
    private readonly flags: () => readonly string[],
    private readonly onListening: (peerPort: number) => void,
    private readonly onEndedByItself: (how: string) => void,
    /** The program that starts its process where it belongs, and its arguments; Node.js and the rest follow. */
    private readonly launcher: readonly string[] = [],
  ) {}

  /** What it wrote. */
  get logFile(): string {
    return join(this.directory, `${this.id}.log`);
  }

  /** Whether it has said that it serves, and nobody has ended it since. */
  get isServing(): boolean {
    return this.serving && this.isRunning;
  }

  /** Whether it stands still. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Whether its process is there, if only paused, or on its way up. */
  get isRunning(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Where a front listens; the same after a restart. */
  endpoint(front: (typeof FRONTS)[number]): Endpoint {
    if (this.listening === undefined) throw new Error(`${this.id} was never started`);
    const address = this.listening[front];
    return { host: address.slice(0, address.lastIndexOf(":")), port: portOf(address) };
  }

  /** Starts it, and waits until it serves. @throws Error if it ends before, also if it was killed meanwhile. */
  async start(): Promise<void> {
    const log = openSync(this.logFile, "a");
    const fronts = FRONTS.flatMap((front) => [`--${front}`, this.listening?.[front] ?? "0"]);
    const args = ["--node-id", this.id, "--data-directory", join(this.directory, this.id), "--listen", "0"];
    const child = fork(MAIN, ["serve", ...args, ...fronts, ...this.flags()], {
      ...this.program(),
      env: { ...process.env, HEXRAFT_ACCESS: "" },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.process = child;
    this.ending = false;
    this.serving = false;
    const timer = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
    this.listening = await new Promise<Listening>((resolve, reject) => {
      child.on("message", (message: { readonly type: string; readonly listening: Listening }) => {
        if (message.type === "ready") resolve(message.listening);
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        const how = `${this.id} ended by itself, ${signal ?? `exit code ${code}`}; see ${this.logFile}`;
        reject(new Error(how));
        if (!this.ending) this.onEndedByItself(how);
      });
    }).finally(() => clearTimeout(timer));
    this.onListening(portOf(this.listening.peer));
    this.serving = true;
  }

  /** SIGSTOP: it stands still, its connections stay open, and it does not know. */
  pause(): void {
    this.paused = this.process?.kill("SIGSTOP") ?? false;
  }

  /** SIGCONT. */
  resume(): void {
    if (this.paused) this.process?.kill("SIGCONT");
    this.paused = false;
  }

  /** `kill -9`; resolves when it is dead. */
  async kill(): Promise<void> {
    const child = this.process;
    this.killNow();
    if (child !== undefined && this.isRunning) await new Promise((resolve) => child.once("exit", resolve));
  }

  /** The same without waiting. */
  killNow(): void {
    this.ending = true;
    this.paused = false;
    if (this.isRunning) this.process?.kill("SIGKILL");
  }

  /** Index and hash of its state. @throws Error if it does not answer. */
  async stateHash(): Promise<{ readonly index: number; readonly hash: string }> {
    const { host, port } = this.endpoint("http");
    const url = `http://${host}:${port}/v1/hash`;
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    if (!response.ok) throw new Error(`${this.id} answers ${response.status}`);
    return (await response.json()) as { readonly index: number; readonly hash: string };
  }

  private program(): { readonly execPath?: string; readonly execArgv: string[] } {
    const [execPath, ...before] = this.launcher;
    return execPath === undefined ? { execArgv: [] } : { execPath, execArgv: [...before, process.execPath] };
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
