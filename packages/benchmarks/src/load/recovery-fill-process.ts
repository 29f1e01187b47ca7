import { EntryType, LogBlock } from "@hexraft/core/ports";
import { answer } from "../lib/child.js";
import { openFileLog } from "../lib/file-log.js";

/* Writes a log of so many GiB. Arguments: directory, GiB, bytes of an entry. */
const [directory = "", gib, entryBytes] = process.argv.slice(2);
const payload = new Uint8Array(Number(entryBytes)).fill(0x5a);
const PER_WRITE = Math.max(1, Math.floor((1024 * 1024) / payload.length));
const { log } = await openFileLog(directory);
let entries = 0;
for (let bytes = 0; bytes < Number(gib) * 2 ** 30; bytes += PER_WRITE * payload.length) {
  const payloads = Array.from({ length: PER_WRITE }, () => payload);
  await log.write({ blocks: [LogBlock.of(entries + 1, 1, entries, EntryType.command, payloads)] });
  entries += PER_WRITE;
}
await log.close();
answer({ entries });
