import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";
import { ExitCode } from "../exit-codes.js";
import type { FromWriter, ToWriter } from "./writer-messages.js";

const PROGRESS_MS = 25;

/**
 * The demo's client process: writes keys from several concurrent clients, and writes down each acknowledgement before it
 * goes on, apart from the nodes, as the client of a real service would. Ends when it is told to, or when the demo ends.
 */
export async function runWriter(): Promise<number> {
  if (process.send === undefined) {
    process.stderr.write("hexraft: demo-writer is started by the demo, not by hand\n");
    return ExitCode.usage;
  }
  process.once("disconnect", () => process.exit(ExitCode.failed));
  const writer = new Writer();
  const begun = new Promise<Extract<ToWriter, { type: "begin" }>>((resolve) => {
    process.on("message", (message: ToWriter) => {
      if (message.type === "begin") resolve(message);
      else if (message.type === "leaderDied") writer.leaderDied(message.atMs);
      else writer.finish();
    });
  });
  tell({ type: "listening" });
  const order = await begun;
  await writer.run(order);
  process.removeAllListeners("disconnect");
  process.disconnect();
  return ExitCode.ok;
}

const tell = (message: FromWriter): void => void process.send?.(message);

class Writer {
  private acknowledged = 0;
  private unknown = 0;
  private inFlight = 0;
  private next = 0;
  private diedAtMs: number | null = null;
  private finishing = false;

  finish(): void {
    this.finishing = true;
  }

  leaderDied(atMs: number): void {
    this.diedAtMs = atMs;
  }

  async run(order: Extract<ToWriter, { type: "begin" }>): Promise<void> {
    const log = openSync(order.logFile, "w");
    const clients = Array.from({ length: order.clients }, () => new HexraftClient({ endpoints: order.endpoints }));
    const progress = setInterval(() => this.report(), PROGRESS_MS);
    await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: order.perClient }, async () => {
          while (!this.finishing) {
            await this.write(client, log);
            await sleep(order.pauseMs);
          }
        }),
      ),
    );
    clearInterval(progress);
    for (const client of clients) client.close();
    closeSync(log);
    tell({ type: "done", acknowledged: this.acknowledged, unknown: this.unknown });
  }

  /** A write that is refused is not done, one that is unknown may be: neither is written down, and a new key comes next. */
  private async write(client: HexraftClient, log: number): Promise<void> {
    const key = `key-${String(++this.next).padStart(6, "0")}`;
    const value = `${key}:${Math.random().toString(36).slice(2)}`;
    const begunAtMs = Date.now();
    this.inFlight++;
    const answered = await client.propose(put(key, value));
    this.inFlight--;
    if (answered.outcome === "unknown") this.unknown++;
    if (answered.outcome !== "ok") return;
    writeSync(log, `${key} ${value}\n`);
    this.acknowledged++;
    if (this.diedAtMs !== null && begunAtMs >= this.diedAtMs) {
      tell({ type: "failover", ms: Date.now() - this.diedAtMs });
      this.diedAtMs = null;
    }
  }

  private report(): void {
    tell({ type: "progress", acknowledged: this.acknowledged, unknown: this.unknown, inFlight: this.inFlight });
  }
}
