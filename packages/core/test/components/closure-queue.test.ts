import { describe, expect, it } from "vitest";
import { ClosureQueue } from "../../src/components/closure-queue.js";
import { ProposalGroup } from "../../src/components/proposal-group.js";
import { NotLeader, RaftError } from "../../src/model/errors.js";
import { commands, emptyEntry, recordingLogger } from "./support/entries.js";

type Answer = string;

function queue() {
  const logger = recordingLogger();
  const closures = new ClosureQueue(logger);
  const alarms: number[] = [];
  let wakes = 0;
  closures.use({ atMost: (dueMs) => void alarms.push(dueMs) }, { inNextTurn: () => void wakes++ });
  /** Moves time on, and ends the turn. */
  const sweep = (nowMs: number): void => {
    closures.sweep(nowMs);
    closures.deliver();
  };
  const heard: Answer[] = [];
  const group = (...names: string[]): ProposalGroup => {
    const made = new ProposalGroup(undefined);
    for (const name of names)
      made.add(Uint8Array.of(1), null, (error, result) => {
        heard.push(`${name}: ${error === null ? String(result) : describeError(error)}`);
      });
    return made;
  };
  const submit = (...names: string[]): ProposalGroup => {
    const made = group(...names);
    closures.submit(made);
    return made;
  };
  return { closures, heard, group, submit, sweep, alarms, logger, wakes: () => wakes };
}
const describeError = (error: Error): string =>
  error instanceof RaftError ? `${error.code} ${error.outcome}` : error.message;
const accepted = (first: number, count: number, term = 1) =>
  ({ type: "ProposalsAccepted", first, term, count }) as const;
const lost = new RaftError("LeadershipLost", "unknown", "lost");

describe("ClosureQueue", () => {
  it("C02 results reach the callers of the same entries, in order, and only after the drain", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b", "c");
    closures.accepted(accepted(5, 3));
    closures.applied([commands(5, 3)], 5, 7, ["A", "B", "C"]);
    expect(heard).toEqual([]);
    closures.deliver();
    expect(heard).toEqual(["a: A", "b: B", "c: C"]);
    expect(closures.waiting).toBe(0);
  });

  it("C02 an entry of another term at the caller's index is not the caller's: unknown, never its result", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b");
    closures.accepted(accepted(5, 2, 1));
    closures.applied([commands(5, 2, 2)], 5, 6, ["X", "Y"]);
    closures.deliver();
    expect(heard).toEqual(["a: LeadershipLost unknown", "b: LeadershipLost unknown"]);
  });

  it("C02 blocks and callers need not have the same borders", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b", "c");
    submit("d", "e");
    closures.accepted(accepted(1, 2));
    closures.accepted(accepted(3, 3));
    closures.applied([commands(1, 1), commands(2, 3)], 1, 4, [1, 2, 3, 4]);
    closures.deliver();
    expect(heard).toEqual(["a: 1", "b: 2", "c: 3", "d: 4"]);
    closures.applied([commands(5, 1)], 5, 5, [5]);
    closures.deliver();
    expect(heard.at(-1)).toBe("e: 5");
  });

  it("C02 entries without a caller, a leader's first one or a configuration, shift no result", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b");
    closures.accepted(accepted(2, 2));
    closures.applied([emptyEntry(1), commands(2, 2), emptyEntry(4)], 1, 4, ["A", "B"]);
    closures.deliver();
    expect(heard).toEqual(["a: A", "b: B"]);
  });

  it("C01 C02 R12 a refusal answers exactly the next ones, in the order of submission", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b", "c");
    closures.accepted(accepted(1, 1));
    closures.refused({ type: "ProposalsRefused", count: 2, error: new NotLeader("n2", "h:1") });
    closures.deliver();
    expect(heard).toEqual(["b: NotLeader refused", "c: NotLeader refused"]);
    expect(closures.waiting).toBe(1);
  });

  it("C02 E16 leaving office answers what stands above the commit index with unknown; the rest waits for its result", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b", "c");
    closures.accepted(accepted(1, 3));
    closures.abandon({ type: "AbandonProposals", above: 2, error: lost });
    closures.deliver();
    expect(heard).toEqual(["c: LeadershipLost unknown"]);
    closures.applied([commands(1, 2)], 1, 2, ["A", "B"]);
    closures.deliver();
    expect(heard.slice(1)).toEqual(["a: A", "b: B"]);
  });

  it("C02 what a snapshot replaced is unknown", () => {
    const { closures, heard, submit } = queue();
    submit("a", "b", "c");
    closures.accepted(accepted(1, 3));
    closures.superseded(2);
    closures.deliver();
    expect(heard).toEqual(["a: LeadershipLost unknown", "b: LeadershipLost unknown"]);
    expect(closures.waiting).toBe(1);
  });

  it("C05 a caller's own deadline: unknown once it was appended, and its result is then nobody's", () => {
    const { closures, heard, group, alarms, sweep } = queue();
    const made = group("a", "b");
    closures.time(made, 1, 500, undefined);
    closures.submit(made);
    closures.accepted(accepted(1, 2));
    expect(alarms).toContain(500);
    sweep(499);
    expect(heard).toEqual([]);
    sweep(500);
    expect(heard).toEqual(["b: DeadlineExceeded unknown"]);
    closures.applied([commands(1, 2)], 1, 2, ["A", "B"]);
    closures.deliver();
    expect(heard).toEqual(["b: DeadlineExceeded unknown", "a: A"]);
  });

  it("C02 C05 a command that is called off before it was submitted is refused, and never proposed", () => {
    const { closures, heard, group, sweep, wakes } = queue();
    const made = group("a", "b", "c");
    const controller = new AbortController();
    closures.time(made, 1, Number.POSITIVE_INFINITY, controller.signal);
    closures.time(made, 2, 700, undefined);
    controller.abort();
    expect(heard).toEqual([]);
    expect(wakes()).toBe(1);
    closures.deliver();
    expect(heard).toEqual(["b: Cancelled refused"]);
    made.compact();
    expect(made.count).toBe(2);
    closures.submit(made);
    closures.accepted(accepted(1, 2));
    sweep(700);
    expect(heard.at(-1)).toBe("c: DeadlineExceeded unknown");
    closures.applied([commands(1, 2)], 1, 2, ["A", "C"]);
    closures.deliver();
    expect(heard.slice(2)).toEqual(["a: A"]);
  });

  it("C05 callers without a deadline of their own share one; nobody waits for ever", () => {
    const { closures, heard, group, sweep } = queue();
    const made = group("a", "b");
    made.deadlineMs = 1_000;
    closures.time(made, 1, 5_000, undefined);
    closures.submit(made);
    closures.accepted(accepted(1, 2));
    sweep(1_000);
    expect(heard).toEqual(["a: DeadlineExceeded unknown"]);
    sweep(5_000);
    expect(heard.at(-1)).toBe("b: DeadlineExceeded unknown");
  });

  it("C05 an answered call leaves no listener at its signal", () => {
    const { closures, group } = queue();
    const made = group("a");
    let listeners = 0;
    const signal = {
      aborted: false,
      addEventListener: () => void listeners++,
      removeEventListener: () => void listeners--,
    };
    closures.time(made, 0, Number.POSITIVE_INFINITY, signal);
    closures.submit(made);
    closures.accepted(accepted(1, 1));
    expect(listeners).toBe(1);
    closures.applied([commands(1, 1)], 1, 1, ["A"]);
    closures.deliver();
    expect(listeners).toBe(0);
  });

  it("C02 a callback that throws is logged, and the others are answered", () => {
    const { closures, heard, submit, logger } = queue();
    const made = new ProposalGroup(undefined);
    made.add(Uint8Array.of(1), null, () => {
      throw new Error("the caller's own trouble");
    });
    closures.submit(made);
    submit("b");
    closures.accepted(accepted(1, 1));
    closures.accepted(accepted(2, 1));
    closures.applied([commands(1, 2)], 1, 2, ["A", "B"]);
    closures.deliver();
    expect(heard).toEqual(["b: B"]);
    expect(logger.lines.join()).toContain("the caller's own trouble");
  });
});
