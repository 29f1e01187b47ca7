import { EntryType, LogBlock, LogStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { fileStorage } from "@hexraft/storage-file";
import { lmdbStorage } from "@hexraft/storage-lmdb";
import { Container } from "inversify";
import "reflect-metadata";
import { answer } from "../lib/child.js";
import { closedLoop, WARM_UP_MS } from "../lib/closed-loop.js";
import { temporaryDirectory } from "../lib/leavings.js";
import type { Sample } from "../lib/rounds.js";

/* Appends to one store, each when the last one is durable. Arguments: file | lmdb, bytes an append, milliseconds. */
const [store, bytes, milliseconds] = process.argv.slice(2);
/** As after snapshots: every so many entries those before the ones before may go. */
const COMPACT_EVERY = 1_024;
const TERM = 1;

const { path: directory, remove } = temporaryDirectory("log");
const container = new Container();
container.load(nodeRuntime(), store === "lmdb" ? lmdbStorage({ directory }) : fileStorage({ directory }));
const log = container.get(LogStorage);
let result: Sample | undefined;
try {
  await log.open({
    nodeId: "n1",
    groupId: "main",
    newDirectoryId: "00000000000000d1",
    newIncarnation: "00000000000000a1",
  });
  const payload = new Uint8Array(Number(bytes)).fill(7);
  let last = 0;
  const sample = await closedLoop(1, WARM_UP_MS, Number(milliseconds), () => {
    const index = ++last;
    const blocks = [LogBlock.of(index, TERM, index, EntryType.command, [payload])];
    const isDue = index % COMPACT_EVERY === 0 && index > COMPACT_EVERY;
    return log.write(isDue ? { blocks, compactTo: { index: index - COMPACT_EVERY, term: TERM } } : { blocks });
  });
  result = { ...sample, facts: { mbPerSecond: (sample.perSecond * payload.length) / 1e6 } };
} finally {
  await log.close();
  remove();
}
if (result !== undefined) answer(result);
