import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "@hexraft/testing/proxy";
import type { ServeMessage } from "../../src/serve/parent.js";
import type { Listening } from "../../src/serve/start-server.js";

/** The built command. */
export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Longest wait for a process to end, ms. */
const DEADLINE_MS = 45_000;

/** A `hexraft` process, built, with what it wrote. */
export class HexraftProcess {
  out = "";
  error = "";
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Resolves when it serves; rejects if it ends before. */
  readonly ready: Promise<Listening>;

  /**
   * @param directory - where it puts its temporary files, so that what others do at the same time is not taken for its own.
   * @param execArgv - what Node.js itself is told.
   */
  constructor(args: readonly string[], directory: string, execArgv: readonly string[] = []) {
    const env = { ...process.env, TMPDIR: directory };
    this.child = fork(MAIN, [...args], { execArgv: [...execArgv], env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.out += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.error += chunk.toString();
    });
    const { stdout, stderr } = this.child;
    const drained = [stdout, stderr].map((stream) => new Promise((resolve) => stream?.once("close", resolve)));
    // Not the event `close` of the process: it does not come once this side has let go of the channel.
    this.exited = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        void Promise.all(drained).then(() => resolve(signal ?? code ?? -1));
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.child.on("message", (message: ServeMessage) => message.type === "ready" && resolve(message.listening));
      void this.exited.then((how) => reject(new Error(`ended with ${how}: ${this.error}`)));
    });
    this.ready.catch(() => {});
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Waits for its end; kills it if that takes too long, and says so. */
  async end(): Promise<number | NodeJS.Signals> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), DEADLINE_MS);
    const how = await this.exited;
    clearTimeout(timer);
    return how;
  }

  signal(name: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.child.kill(name);
    return this.end();
  }
}

/** Processes and files of one test; {@link cleanUp} leaves nothing. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
  private readonly processes: HexraftProcess[] = [];

  run(...args: readonly string[]): HexraftProcess {
    return this.runUnder([], args);
  }

  /** @param execArgv - what Node.js itself is told. */
  runUnder(execArgv: readonly string[], args: readonly string[]): HexraftProcess {
    const made = new HexraftProcess(args, this.directory, execArgv);
    this.processes.push(made);
    return made;
  }

  /** A single-node service over `directory/<id>`. */
  async single(
    id = "n1",
    ...more: readonly string[]
  ): Promise<{ process: HexraftProcess; listening: Required<Listening> }> {
    const [port = 0] = await freePorts(1);
    const process = this.run(...nodeArguments(this.directory, id, port, `${id}=127.0.0.1:${port}`), ...more);
    return { process, listening: (await process.ready) as Required<Listening> };
  }

  async cleanUp(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.signal("SIGKILL")));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Flags of one node with every front on a free port; without `bootstrap` it waits to be let in. */
export function nodeArguments(directory: string, id: string, port: number, bootstrap?: string): string[] {
  return [
    ["serve", "--node-id", id, "--data-directory", join(directory, id), "--listen", `127.0.0.1:${port}`],
    ["--client", "0", "--http", "0", "--resp", "0", "--election-timeout", "150"],
    bootstrap === undefined ? [] : ["--bootstrap", bootstrap],
  ].flat();
}

/** A port out of `host:port`. */
export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
