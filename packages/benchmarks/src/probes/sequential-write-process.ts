import { closeSync, fsync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { answer } from "../lib/child.js";
import { temporaryDirectory } from "../lib/leavings.js";
import type { Sample } from "../lib/rounds.js";

/* Writes so many MiB into one new file, front to back, and makes it durable once at the end. Argument: MiB. */
const MIB = 2 ** 20;
/** Whoever ends it is heard after so many. */
const MIB_PER_TURN = 16;
const mib = Number(process.argv[2]);
const directory = temporaryDirectory("write");
const piece = Buffer.alloc(MIB, 7);
const file = openSync(join(directory.path, "file"), "w");
const began = performance.now();
for (let at = 1; at <= mib; at++) {
  writeSync(file, piece);
  if (at % MIB_PER_TURN === 0) await turn();
}
await promisify(fsync)(file);
const seconds = (performance.now() - began) / 1_000;
closeSync(file);
directory.remove();
answer({ perSecond: mib / seconds } satisfies Sample);
