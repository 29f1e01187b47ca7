import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { root } from "../lib/root.js";

const folder = join(root, "scripts", "fuzz", "corpus");
/** Most characters that are kept of one target; the shortest inputs come first. */
const KEPT_CHARACTERS_MAX = 48 * 1024;

/** The inputs that earlier runs found worth keeping: each reached code that none before it had. One a line, deflated, as base64. */
export function readCorpus(target: string): Uint8Array[] {
  const file = join(folder, `${target}.txt`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => new Uint8Array(inflateRawSync(Buffer.from(line, "base64"))));
}

/** Keeps the shortest of them. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const lines = [...new Set(inputs.map((input) => deflateRawSync(input, { level: 9 }).toString("base64")))];
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  let characters = 0;
  const kept = lines.filter((line) => (characters += line.length) <= KEPT_CHARACTERS_MAX);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${target}.txt`), `${kept.join("\n")}\n`);
}
