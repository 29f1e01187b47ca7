import { closeSync, fdatasync, fsyncSync, openSync, writeSync, writevSync } from "node:fs";
import { join } from "node:path";
import { answer } from "../lib/child.js";
import { closedLoop, WARM_UP_MS } from "../lib/closed-loop.js";
import { temporaryDirectory } from "../lib/leavings.js";
import type { Sample } from "../lib/rounds.js";

/*
 * A limit, not a log: each append is one writev into a file that was written whole before, and one fdatasync. No checksums,
 * index, roll, recovery or bounds. Arguments: bytes an append, milliseconds.
 */
const FILE_BYTES = 64 * 2 ** 20;
const HEADER_BYTES = 64;
const [bytes, milliseconds] = process.argv.slice(2).map(Number) as [number, number];

const directory = temporaryDirectory("ceiling");
const file = openSync(join(directory.path, "log"), "w+");
let result: Sample | undefined;
try {
  const zeros = Buffer.alloc(2 ** 20);
  for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
  fsyncSync(file);
  const parts = [Buffer.alloc(HEADER_BYTES, 1), Buffer.alloc(bytes, 7)];
  let position = 0;
  const sample = await closedLoop(1, WARM_UP_MS, milliseconds, () => {
    if (position + HEADER_BYTES + bytes > FILE_BYTES) position = 0;
    writevSync(file, parts, position);
    position += HEADER_BYTES + bytes;
    return new Promise((resolve, reject) => {
      fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  result = { ...sample, facts: { mbPerSecond: (sample.perSecond * bytes) / 1e6 } };
} finally {
  closeSync(file);
  directory.remove();
}
if (result !== undefined) answer(result);
