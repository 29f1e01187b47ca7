import { FRESH_HARD_STATE, LogStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { lmdbStorage } from "../../src/index.js";
import { block, OPEN } from "./fixtures.js";

/*
 * One life of a log, to be killed: writes as fast as they become durable, four at a time, each entry with a ballot of a term that
 * is its index; says which entry is durable. Ends by itself when a write fails, saying what the next one was told.
 */
const [directory = ""] = process.argv.slice(2);
const container = new Container();
container.load(nodeRuntime(), lmdbStorage({ directory }));
const log = container.get(LogStorage);
const { last } = await log.open(OPEN);
process.send?.({ durable: last.index });
let failed = false;
let next = last.index + 1;

async function write(): Promise<void> {
  while (!failed) {
    const index = next++;
    try {
      await log.write({ hardState: { ...FRESH_HARD_STATE, term: index }, blocks: [block(index, 1, index, 2_000)] });
      process.send?.({ durable: index });
    } catch (error) {
      failed = true;
      process.send?.({ failed: (error as { code?: string }).code });
    }
  }
}
await Promise.all([write(), write(), write(), write()]);
await log.close();
process.disconnect();
