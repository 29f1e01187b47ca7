import { closeSync, openSync, readSync } from "node:fs";
import { answer } from "../lib/child.js";
import { segmentFiles } from "../lib/file-log.js";
import type { Sample } from "../lib/rounds.js";

/* Reads every segment file once, front to back, and looks at nothing. Argument: directory. */
const [directory = ""] = process.argv.slice(2);
const { paths, bytes } = segmentFiles(directory);
const buffer = new Uint8Array(1024 * 1024);
const began = performance.now();
for (const path of paths) {
  const fd = openSync(path, "r");
  while (readSync(fd, buffer) > 0);
  closeSync(fd);
}
const seconds = (performance.now() - began) / 1_000;
const sample: Sample = { perSecond: bytes / 2 ** 20 / seconds };
answer(sample);
