import { describe, expect, it } from "vitest";
import { LogRepairer } from "../../src/components/log-repairer.js";
import { StorageNews } from "../../src/components/storage-news.js";
import type { LogBlock } from "../../src/model/log-block.js";
import type { LogStorage } from "../../src/ports/log-storage.js";
import type { ReadForRepair } from "../../src/protocol/effect.js";
import { commands, settled } from "./support/entries.js";
import { RecordingSink } from "./support/recording-sink.js";

function repairer() {
  const calls: { what: string; resolve: (blocks: readonly LogBlock[]) => void; reject: (error: Error) => void }[] = [];
  const call = (what: string) =>
    new Promise<readonly LogBlock[]>((resolve, reject) => calls.push({ what, resolve, reject }));
  const storage: Pick<LogStorage, "read" | "repair"> = {
    read: (from) => call(`read ${from}`),
    async repair(blocks) {
      await call(`repair ${blocks[0]?.first}–${blocks.at(-1)?.last}`);
    },
  };
  const sink = new RecordingSink();
  let repaired = 0;
  const hand = new LogRepairer(storage as LogStorage, sink, { readAgain: () => void repaired++ });
  return { hand, calls, sink, repaired: () => repaired };
}
const order = (first: number): ReadForRepair => ({
  type: "ReadForRepair",
  to: "n2",
  toIncarnation: "0".repeat(16),
  first,
  last: 9,
  bytesMax: 1_000,
});

describe("LogRepairer", () => {
  it("L03 reads for one member at a time; a newer request takes the place of one that waits", async () => {
    const { hand, calls, sink } = repairer();
    for (const first of [3, 4, 5]) hand.read(order(first));
    expect(calls.map(({ what }) => what)).toEqual(["read 3"]);
    calls[0]?.resolve([commands(3, 2)]);
    await settled();
    expect(calls.map(({ what }) => what)).toEqual(["read 3", "read 5"]);
    calls[1]?.reject(new Error("lost here as well"));
    await settled();
    expect(sink.of("RepairRead")).toMatchObject([
      { to: "n2", first: 3, last: 9, blocks: [{ first: 3, count: 2 }] },
      { to: "n2", first: 5, last: 9, blocks: [] },
    ]);
  });

  it("L03 says that entries are back once they are durable, and then lets those read who waited", async () => {
    const { hand, calls, sink, repaired } = repairer();
    const blocks = [commands(3, 2)];
    hand.repair({ type: "RepairLog", blocks });
    expect([calls.map(({ what }) => what), sink.events, repaired()]).toEqual([["repair 3–4"], [], 0]);
    calls[0]?.resolve([]);
    await settled();
    expect([sink.events, repaired()]).toEqual([[{ type: "LogRepaired", blocks }], 1]);
  });

  it("L03 L04 a disk that does not take them back stops the node", async () => {
    const { hand, calls, sink } = repairer();
    hand.repair({ type: "RepairLog", blocks: [commands(3, 2)] });
    calls[0]?.reject(new Error("no space left"));
    await settled();
    expect(sink.events).toEqual([{ type: "StorageFailed", reason: "no space left" }]);
  });

  it("O04 says nothing after the end", async () => {
    const { hand, calls, sink } = repairer();
    hand.read(order(3));
    hand.repair({ type: "RepairLog", blocks: [commands(3, 2)] });
    hand.close();
    for (const { resolve } of calls) resolve([]);
    await settled();
    hand.read(order(4));
    expect([sink.events, calls.length]).toEqual([[], 2]);
  });

  it("L03 L04 what a storage says before anybody listens is not forgotten", () => {
    const news = new StorageNews();
    const hole = { first: 3, last: 4, file: "0001.seg", offset: 0, length: 64 };
    const said = [
      { type: "LogDamaged", hole },
      { type: "StorageFailed", reason: "EIO" },
    ] as const;
    news.damaged(hole);
    const heard: unknown[] = [];
    news.listen({ post: (event) => heard.push(event), inNextTurn: () => {} });
    news.failed("EIO");
    expect(heard).toEqual(said);
  });
});
