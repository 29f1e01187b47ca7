import { describe, expect, it } from "vitest";
import { InvariantViolation } from "../../src/model/errors.js";
import { LOG_START, type Term, type TermRun } from "../../src/model/log-id.js";
import { Fifo } from "../../src/protocol/fifo.js";
import { RaftLog } from "../../src/protocol/raft-log.js";
import { TermRuns } from "../../src/protocol/term-runs.js";
import { commands } from "../support/messages.js";

/** A log that begins empty. */
const fresh = (cacheBytesMax = 1 << 20) =>
  new RaftLog({ base: LOG_START, last: LOG_START, runs: [], lastLogTimeMs: 0 }, cacheBytesMax);
const entries = (blocks: ReturnType<RaftLog["blocksFrom"]>) => blocks?.map(({ first, last }) => [first, last]);

describe("R07 writes are numbered", () => {
  it("R07 what a write covers is durable when it is, and all before it", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b"));
    log.beginWrite();
    log.append(commands(3, 1, "c"));
    log.beginWrite();
    log.persisted(1);
    expect(log).toMatchObject({ durable: 2, writesUnderWay: 1 });
    log.persisted(2);
    expect(log).toMatchObject({ durable: 3, writesUnderWay: 0 });
  });

  it("R07 one completion may stand for several writes, and one that comes again changes nothing", () => {
    const log = fresh();
    for (let index = 1; index <= 3; index++) {
      log.append(commands(index, 1, "x"));
      log.beginWrite();
    }
    log.persisted(3);
    log.persisted(1);
    expect(log).toMatchObject({ durable: 3, writesUnderWay: 0 });
  });

  it("R07 a truncation lowers what writes under way, and the disk itself, can vouch for", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b", "c"));
    log.beginWrite();
    log.persisted(1);
    log.append(commands(4, 1, "d"));
    log.beginWrite();
    log.truncateFrom(2);
    expect(log.durable).toBe(1);
    log.append(commands(2, 2, "B", "C", "D"));
    log.beginWrite();
    log.persisted(2);
    expect(log.durable).toBe(1);
    log.persisted(3);
    expect(log.durable).toBe(4);
  });

  it("S05 after a reset only what the group had committed counts until the reset itself is durable", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b", "c"));
    log.beginWrite();
    log.persisted(1);
    log.resetTo({ index: 9, term: 2 }, 50, 2);
    log.beginWrite();
    expect(log).toMatchObject({ durable: 2, last: { index: 9, term: 2 }, base: { index: 9, term: 2 }, cachedBytes: 0 });
    log.persisted(2);
    expect(log.durable).toBe(9);
  });
});

describe("R01 R02 the shape of a log", () => {
  it("R01 a gap, or a term that falls, is an impossible state", () => {
    const log = fresh();
    log.append(commands(1, 2, "a"));
    expect(() => log.append(commands(3, 2, "c"))).toThrow(InvariantViolation);
    expect(() => log.append(commands(2, 1, "b"))).toThrow(InvariantViolation);
  });

  it("R02 so is a truncation at or below the base", () => {
    const log = new RaftLog(
      { base: { index: 5, term: 1 }, last: { index: 5, term: 1 }, runs: [], lastLogTimeMs: 0 },
      1_024,
    );
    expect(() => log.truncateFrom(5)).toThrow(/R02/);
  });

  it("R02 a truncation inside a block keeps its beginning", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b", "c"));
    const whole = log.cachedBytes;
    log.truncateFrom(3);
    expect(log).toMatchObject({ last: { index: 2, term: 1 }, cachedBytes: whole - 5, unappliedBytes: whole - 5 });
    expect(entries(log.blocksFrom(1, 10, 1_024))).toEqual([[1, 2]]);
  });

  it("R13 only what is durable leaves the memory", () => {
    const log = fresh(1_024);
    for (let index = 1; index <= 4; index++) {
      log.append(commands(index, 1, "x".repeat(448)));
      log.beginWrite();
    }
    expect(log.cachedBytes).toBe(2_000);
    log.persisted(4);
    expect(log.cachedBytes).toBe(1_000);
    expect(log.blocksFrom(2, 10, 10_000)).toBeUndefined();
    expect(entries(log.blocksFrom(3, 10, 10_000))).toEqual([
      [3, 3],
      [4, 4],
    ]);
    expect(entries(log.blocksBetween(1, 3))).toEqual([[3, 3]]);
  });

  it("R12 what is applied no longer counts, whole blocks at a time", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b"));
    log.append(commands(3, 1, "c"));
    const [first, second] = [48 + 2 * 5, 48 + 5];
    log.applied(1);
    expect(log.unappliedBytes).toBe(first + second);
    log.applied(2);
    expect(log.unappliedBytes).toBe(second);
  });

  it("R10 a message takes what fits, at least one entry", () => {
    const log = fresh();
    log.append(commands(1, 1, "a", "b", "c", "d"));
    log.append(commands(5, 1, "e"));
    expect(entries(log.blocksFrom(1, 10, 10_000))).toEqual([
      [1, 4],
      [5, 5],
    ]);
    expect(entries(log.blocksFrom(1, 4, 10_000))).toEqual([[1, 4]]);
    expect(entries(log.blocksFrom(2, 2, 10_000))).toEqual([[2, 3]]);
    expect(entries(log.blocksFrom(1, 10, 48 + 10))).toEqual([[1, 2]]);
    expect(entries(log.blocksFrom(1, 10, 1))).toEqual([[1, 1]]);
  });
});

describe("R04 terms as runs", () => {
  const terms = [1, 1, 2, 2, 2, 5];
  const runsOf = (list: readonly Term[], first: number): TermRun[] =>
    list.flatMap((term, i) => (list[i - 1] === term ? [] : [{ first: first + i, term }]));
  const runs = () => new TermRuns({ index: 10, term: 1 }, 16, runsOf(terms, 11));

  it("R04 the term of every entry, of the base, and of nothing else", () => {
    const found = Array.from({ length: 9 }, (_, i) => runs().termAt(9 + i));
    expect(found).toEqual([undefined, 1, 1, 1, 2, 2, 2, 5, undefined]);
  });

  it("R04 where a stretch of one term begins and ends", () => {
    expect([runs().firstOfRun(15), runs().lastOfRun(13), runs().lastOfRun(16)]).toEqual([13, 15, 16]);
  });

  it("R04 the last index up to a term, within a bound", () => {
    const ask = (term: Term, bound: number) => runs().lastIndexUpToTerm(term, bound);
    expect([ask(2, 16), ask(4, 16), ask(2, 14), ask(1, 16), ask(0, 16), ask(5, 99), ask(2, 7)]).toEqual([
      15, 15, 14, 12, 10, 16, 7,
    ]);
  });

  it("R04 S03 truncation and compaction cut runs where they must", () => {
    const cut = runs();
    cut.truncateFrom(14);
    cut.append(14, 15, 6);
    cut.compactTo({ index: 12, term: 1 });
    expect(Array.from({ length: 5 }, (_, i) => cut.termAt(11 + i))).toEqual([undefined, 1, 2, 6, 6]);
    expect(cut.firstOfRun(13)).toBe(13);
    cut.compactTo({ index: 15, term: 6 });
    expect([cut.termAt(15), cut.termAt(16)]).toEqual([6, undefined]);
    cut.resetTo({ index: 40, term: 9 });
    cut.append(41, 42, 9);
    expect([cut.termAt(15), cut.termAt(40), cut.termAt(42)]).toEqual([undefined, 9, 9]);
  });
});

describe("a first-in-first-out list", () => {
  it("R07 keeps its order through any mixture of calls, as an array would", () => {
    const list = new Fifo<number>();
    const model: number[] = [];
    const differences: string[] = [];
    let next = 0;
    let dice = 7;
    for (let round = 0; round < 20_000; round++) {
      dice = (dice * 48_271) % 2_147_483_647;
      const grows = round % 5_000 < 3_000;
      const what = dice % 10;
      let same = true;
      if (what < (grows ? 7 : 3)) {
        list.push(next);
        model.push(next++);
      } else same = what < 9 ? list.shift() === model.shift() : list.pop() === model.pop();
      same &&= list.length === model.length && list.first === model[0] && list.last === model.at(-1);
      if (!same || list.at(3) !== model[3]) differences.push(`round ${round}: ${list.length} of ${model.length}`);
    }
    expect(differences).toEqual([]);
    expect([...list]).toEqual(model);
    list.clear();
    expect([list.length, list.first, list.last, list.shift(), list.pop()]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
