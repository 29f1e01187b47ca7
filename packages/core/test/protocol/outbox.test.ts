import { describe, expect, it } from "vitest";
import { LOG_START } from "../../src/model/log-id.js";
import type { Message } from "../../src/model/message.js";
import { Outbox } from "../../src/protocol/outbox.js";
import { RaftLog } from "../../src/protocol/raft-log.js";
import { commands } from "../support/messages.js";

const peer = { id: "b", incarnation: "i" };
const beat: Message = { type: "Heartbeat", term: 1, commit: 0, round: 1 };
const HARD = { term: 2, vote: null, recoveryNumber: 0, removedAt: 0 };
const SEND = { type: "Send", to: "b", toIncarnation: "i", message: beat };

function outbox() {
  const log = new RaftLog({ base: LOG_START, last: LOG_START, runs: [], lastLogTimeMs: 0 }, 1_024);
  const append = (first: number, ...texts: string[]) => {
    const block = commands(first, 1, ...texts);
    log.append(block);
    out.persistBlock(block);
    return block;
  };
  const out = new Outbox(log);
  return { log, out, append };
}

describe("L01 E02 what leaves when", () => {
  it("E02 while a hard state is on its way, every message waits behind it, in order, inside the writes", () => {
    const { out, log } = outbox();
    out.persistHardState(HARD);
    out.send(peer, beat);
    expect(out.take(0)).toEqual([{ type: "Persist", number: 1, commitHint: 0, hardState: HARD, then: [SEND] }]);
    out.send(peer, beat);
    expect(out.take(0)).toEqual([{ type: "Persist", number: 2, then: [SEND] }]);
    log.persisted(2);
    out.persisted(2);
    out.send(peer, beat);
    expect(out.take(0)).toEqual([SEND]);
  });

  it("E02 a barrier's own completion is not mistaken for that of the hard state before it", () => {
    const { out } = outbox();
    out.persistHardState(HARD);
    out.take(0);
    expect(out.hardStatePending).toBe(true);
    out.persisted(1);
    expect(out.hardStatePending).toBe(false);
  });

  it("E02 news of an older write that comes after that of a newer one takes nothing back", () => {
    const { out } = outbox();
    for (const term of [2, 3]) {
      out.persistHardState({ ...HARD, term });
      out.take(0);
    }
    out.persisted(2);
    out.persisted(1);
    out.send(peer, beat);
    expect(out.take(0)).toEqual([SEND]);
  });

  it("L01 the entries of one step are one write, behind what may leave at once", () => {
    const { out, append } = outbox();
    const first = append(1, "x");
    const second = append(2, "y");
    out.send(peer, beat);
    expect(out.take(0)).toEqual([
      SEND,
      { type: "Persist", number: 1, commitHint: 0, blocks: [first, second], then: [] },
    ]);
  });

  it("L01 R02 a truncation and what replaces it are one write; what was appended before it is an earlier one", () => {
    const { out, log, append } = outbox();
    const old = append(1, "x", "y");
    out.persistTruncation(2);
    log.truncateFrom(2);
    const replacement = append(2, "z");
    expect(out.take(0)).toEqual([
      { type: "Persist", number: 1, blocks: [old], then: [] },
      { type: "Persist", number: 2, commitHint: 0, truncateFrom: 2, blocks: [replacement], then: [] },
    ]);
    log.persisted(1);
    expect(log.durable).toBe(1);
  });

  it("L01 hard state, truncation and entries of one step are durable together", () => {
    const { out, log, append } = outbox();
    append(1, "x");
    out.take(0);
    out.persistHardState(HARD);
    out.persistTruncation(1);
    log.truncateFrom(1);
    const block = append(1, "y");
    expect(out.take(0)).toEqual([
      { type: "Persist", number: 2, commitHint: 0, hardState: HARD, truncateFrom: 1, blocks: [block], then: [] },
    ]);
  });

  it("S05 a reset stands at the beginning of its write, and its number is told", () => {
    const { out, append } = outbox();
    append(1, "x");
    expect(out.persistReset({ index: 9, term: 1 })).toBe(2);
    expect(out.take(0)).toMatchObject([{ number: 1 }, { number: 2, resetTo: { index: 9, term: 1 } }]);
  });

  it("R08 a barrier writes nothing, so it carries no hint; a hint never names what its write leaves open", () => {
    const { out, append } = outbox();
    append(1, "x");
    expect(out.take(7)).toMatchObject([{ commitHint: 1 }]);
    out.deliver({ type: "OwnBallotPersisted", term: 1 });
    expect(out.take(1)).toEqual([
      { type: "Persist", number: 2, then: [{ type: "Deliver", event: { type: "OwnBallotPersisted", term: 1 } }] },
    ]);
  });

  it("E17 L04 once silent, nothing is said or written any more, not even what this step had prepared", () => {
    const { out, append } = outbox();
    append(1, "x");
    out.send(peer, beat);
    out.silence();
    out.send(peer, beat);
    out.persistHardState(HARD);
    out.emit({ type: "TakeSnapshot" });
    expect(out.take(0)).toEqual([{ type: "TakeSnapshot" }]);
    expect(out.take(0)).toEqual([]);
  });
});
