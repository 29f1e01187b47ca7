import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import type { Answer, Order } from "./starter-process.js";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const script = fileURLToPath(new URL("./starter-process.ts", import.meta.url));

/** A real process that takes directories when told to. It ends with the test. */
export class Starter {
  private constructor(private readonly child: ChildProcess) {}

  static async begin(): Promise<Starter> {
    const child = fork(script, { execArgv: ["--conditions=@hexraft/source", "--import", tsx] });
    onTestFinished(async () => new Starter(child).kill());
    await once(child, "message");
    return new Starter(child);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  async tell(order: Order): Promise<Answer> {
    const answered = once(this.child, "message");
    this.child.send(order);
    return (await answered)[0] as Answer;
  }

  take(directory: string): Promise<Answer> {
    return this.tell({ do: "take", directory, at: 0 });
  }

  stop(): void {
    this.child.kill("SIGSTOP");
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }
}
