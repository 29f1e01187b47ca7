import type { HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";

/** Before the keys of the journal, and behind all of them. */
const PREFIX = "journal/";
const BEHIND = "journal0";
const PAGE = 1_000;

/** Writes to keys that nobody else writes, so that each one that was acknowledged must be there in the end. */
export class Journal {
  private readonly acknowledged = new Map<string, string>();
  private count = 0;

  /** Writes one more key. @returns whether that was acknowledged. */
  async write(client: Pick<HexraftClient, "propose">, deadlineMs: number): Promise<boolean> {
    const key = `${PREFIX}${++this.count}`;
    const value = `${key}=${this.count}`;
    const { outcome } = await client.propose(put(key, value), { deadlineMs });
    if (outcome === "ok") this.acknowledged.set(key, value);
    return outcome === "ok";
  }

  /** Looks up everything that was acknowledged. @returns how much of it is not there, or is something else. */
  async lost(client: Pick<HexraftClient, "range">): Promise<number> {
    const decoder = new TextDecoder();
    const found = new Map<string, string>();
    for (let start: string | Uint8Array | null = PREFIX; start !== null; ) {
      const page: Awaited<ReturnType<HexraftClient["range"]>> = await client.range({ start, end: BEHIND, limit: PAGE });
      for (const { key, value } of page.entries) found.set(decoder.decode(key), decoder.decode(value));
      start = page.next;
    }
    return Array.from(this.acknowledged).filter(([key, value]) => found.get(key) !== value).length;
  }
}
