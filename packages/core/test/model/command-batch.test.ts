import { expect, it } from "vitest";
import { blockBytes, openBlock } from "../../src/components/block-codec.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import { CommandBatch } from "../../src/ports/state-machine.js";

const sum = { crc32: (bytes: Uint8Array) => bytes.reduce((a, byte) => (a * 31 + byte) >>> 0, 7) };
const made = LogBlock.of(
  5,
  2,
  0,
  [EntryType.command, EntryType.command, EntryType.empty],
  [new Uint8Array(0), Uint8Array.of(9, 1), Uint8Array.of(7)],
);

it.each([
  ["as proposed", made],
  ["out of its bytes", openBlock(blockBytes(made, sum), 0, sum)],
])("R14 a batch knows with what its commands begin, %s", (_form, block) => {
  const all = new CommandBatch([block], 5, 7);
  expect(all.someBeginWith(9)).toBe(true);
  expect(all.someBeginWith(1)).toBe(false);
  // Neither an entry that is no command, nor one beyond the batch, counts.
  expect(all.someBeginWith(7)).toBe(false);
  expect(new CommandBatch([block], 5, 5).someBeginWith(9)).toBe(false);
});
