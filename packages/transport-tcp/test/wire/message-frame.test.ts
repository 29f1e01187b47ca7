import { EntryType, type Envelope, LogBlock } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { encodeMessage } from "../../src/wire/message-frame.js";
import { checksum } from "../support/ports.js";

const append = (index: number, text: string): Envelope => ({
  group: "main",
  from: "n1",
  fromIncarnation: "00112233445566aa",
  startNumber: 3,
  recoveryNumber: 1,
  to: "n2",
  toIncarnation: "ffeeddccbbaa9988",
  message: {
    type: "AppendEntries",
    term: 1,
    prev: { index: index - 1, term: 1 },
    commit: 0,
    blocks: [LogBlock.of(index, 1, 0, EntryType.command, [Uint8Array.from(Buffer.from(text))])],
  },
});

describe("a message's frame", () => {
  it("T10 is never written to again: it may wait in a socket while the next ones are laid down", () => {
    const waiting = encodeMessage(append(2, "first"), checksum);
    const said = waiting.parts.map((part) => part.slice());
    for (let index = 3; index < 10; index++) encodeMessage(append(index, "later, and longer"), checksum);
    expect(waiting.parts).toEqual(said);
  });
});
