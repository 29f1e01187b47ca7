import { describe, expect, it } from "vitest";
import { blockBytes, openBlock } from "../../src/components/block-codec.js";
import { Postman } from "../../src/components/postman.js";
import { votersOnly } from "../../src/model/configuration.js";
import type { LogBlock } from "../../src/model/log-block.js";
import type { Envelope, Message } from "../../src/model/message.js";
import type { Checksum } from "../../src/ports/checksum.js";
import type { PeerAddress, Transport } from "../../src/ports/transport.js";
import { commands } from "./support/entries.js";
import { RecordingSink } from "./support/recording-sink.js";

/** Not CRC-32, but it notices a flipped bit: enough where no byte leaves the test. */
const checksum: Checksum = {
  crc32: (bytes, previous = 0) => {
    let sum = previous;
    for (const byte of bytes) sum = (Math.imul(sum, 31) + byte + 1) >>> 0;
    return sum;
  },
};
const identity = {
  id: "n1",
  incarnation: "a".repeat(16),
  clusterId: "c".repeat(32),
  groupId: "main",
  directoryId: "d".repeat(16),
  startNumber: 7,
  recoveryNumber: 2,
};
const heartbeat: Message = { type: "Heartbeat", term: 1, commit: 0, round: 1 };

function postman() {
  const sent: Envelope[] = [];
  const books: (readonly PeerAddress[])[] = [];
  let flushes = 0;
  const transport: Pick<Transport, "send" | "flush" | "setPeers"> = {
    send: (envelope) => {
      sent.push(envelope);
      return envelope.to !== "full";
    },
    flush: () => void flushes++,
    setPeers: (_, peers) => void books.push(peers),
  };
  const sink = new RecordingSink();
  const made = new Postman(transport as Transport, checksum, identity, sink);
  return { made, sent, books, sink, flushes: () => flushes };
}
const to = (id: string) => ({ type: "Send", to: id, toIncarnation: "b".repeat(16), message: heartbeat }) as const;
const append = (block: LogBlock): Envelope => ({
  group: "main",
  from: "n2",
  fromIncarnation: "b".repeat(16),
  startNumber: 1,
  recoveryNumber: 0,
  to: "n1",
  toIncarnation: identity.incarnation,
  message: { type: "AppendEntries", term: 1, prev: { index: 0, term: 0 }, commit: 0, blocks: [block] },
});

describe("Postman", () => {
  it("M13 T02 every message carries the group, both incarnations, the start and the recovery number", () => {
    const { made, sent } = postman();
    made.send(to("n2"));
    expect(sent).toEqual([
      {
        group: "main",
        from: "n1",
        fromIncarnation: identity.incarnation,
        startNumber: 7,
        recoveryNumber: 2,
        to: "n2",
        toIncarnation: "b".repeat(16),
        message: heartbeat,
      },
    ]);
  });

  it("T05 what the transport dropped is counted, and is no error", () => {
    const { made } = postman();
    made.send(to("full"));
    made.send(to("n2"));
    expect(made.describe()).toMatchObject({ sent: 1, dropped: 1 });
  });

  it("messages of a turn leave together, and an empty turn costs no flush", () => {
    const { made, flushes } = postman();
    made.flush();
    made.send(to("n2"));
    made.send(to("n3"));
    made.flush();
    made.flush();
    expect(flushes()).toBe(1);
  });

  it("T04 the transport's book follows the configuration, without the node itself", () => {
    const { made, books } = postman();
    const member = (id: string, port: number) => ({ id, incarnation: id.padEnd(16, "0"), address: `h:${port}` });
    made.updatePeers(votersOnly([member("n1", 1), member("n2", 2)]));
    made.updatePeers(votersOnly([member("n1", 1), member("n3", 3)]));
    expect(books.map((book) => book.map(({ id, address }) => `${id}@${address}`))).toEqual([["n2@h:2"], ["n3@h:3"]]);
    expect(made.addressOf("n2")).toBeUndefined();
    expect(made.addressOf("n3")).toMatchObject({ address: "h:3" });
  });

  it("E26 entries that were damaged on the way are dropped before any of them is believed", () => {
    const { made, sink } = postman();
    const bytes = blockBytes(commands(1, 3), checksum).slice();
    made.received(append(openBlock(bytes, 0, checksum)));
    expect(sink.of("MessageReceived")).toHaveLength(1);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    made.received(append(openBlock(bytes, 0, checksum)));
    expect(sink.of("MessageReceived")).toHaveLength(1);
    expect(made.describe()).toMatchObject({ damaged: 1 });
  });

  it("E17 O04 after close nothing is said or heard", () => {
    const { made, sent, sink } = postman();
    made.close();
    made.send(to("n2"));
    made.received(append(commands(1, 1)));
    made.peerUp("n2", 1);
    made.peerDown("n2");
    expect(sent).toEqual([]);
    expect(sink.events).toEqual([]);
  });
});
