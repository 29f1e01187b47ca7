import type { Codec, MembershipPolicy, Scheduler } from "@hexraft/core/ports";
import { BrokenLaw, codecLaws, type LawSuite, membershipPolicyLaws, schedulerLaws } from "@hexraft/testing/conformance";
import type { SchedulerAction } from "rxjs";
import { describe, expect, it } from "vitest";
import { journalCodec } from "../../src/cluster/journal-machine.js";
import { VirtualTime } from "../../src/time/virtual-time.js";

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

const noWork = (): void => {};

/** Ids of the laws that are broken. */
async function broken({ laws }: LawSuite): Promise<string[]> {
  const ids: string[] = [];
  for (const { id, run } of laws) await run().catch(() => ids.push(id));
  return ids;
}

/** What comes of a law of this suite. */
const breachOf = async ({ laws }: LawSuite, id: string): Promise<unknown> =>
  laws
    .find((law) => law.id === id)
    ?.run()
    .catch((error: unknown) => error);

const policy = (over: Partial<MembershipPolicy> = {}) =>
  membershipPolicyLaws(() => ({
    enter: (_current, configuration) => ({ kind: "append", configuration }),
    leave: () => undefined,
    ...over,
  }));

const codec = (over: Partial<Codec<string>>) =>
  codecLaws(() => ({
    create: () => ({ ...journalCodec, ...over }),
    commands: ["a", "b", "cc", "ä"],
    results: [1, 2],
    misfits: [7],
  }));

function scheduler(spoil: (time: VirtualTime) => Partial<Scheduler>) {
  return schedulerLaws(() => {
    const time = new VirtualTime();
    const honest: Scheduler = { now: () => time.now(), schedule: time.schedule.bind(time) };
    return { scheduler: { ...honest, ...spoil(time) }, pass: (ms) => time.advance(ms) };
  });
}

describe("a law is broken by the adapter that it was made for", () => {
  it("M02 a policy that goes straight to its target", async () => {
    expect(await broken(policy())).toEqual(
      expect.arrayContaining([
        "M02 M12 of two configurations that follow each other every two quorums share a node",
        "M08 no voter left: refused, with a reason",
      ]),
    );
  });

  it("M06 a policy that appends again at every commit", async () => {
    expect(await broken(policy({ leave: (committed) => committed }))).toContain(
      "M06 a final configuration is not left again",
    );
  });

  it("M08 a policy that refuses without a word", async () => {
    expect(await broken(policy({ enter: () => ({ kind: "refused", reason: " " }) }))).toEqual(
      expect.arrayContaining([
        "M08 an unknown peer is refused, with a reason",
        "M07 one voter or learner comes, goes, is promoted or demoted: each is allowed",
      ]),
    );
  });

  it("E22 a scheduler that runs a millisecond early", async () => {
    const early = scheduler((time) => ({
      schedule: <T>(work: Work<T>, delay?: number, state?: T) =>
        time.schedule(work, Math.max(0, (delay ?? 0) - 1), state),
    }));
    expect(await broken(early)).toContain("E22 an action never runs early");
  });

  it("E22 a scheduler that runs what has no delay at once", async () => {
    const eager = scheduler((time) => ({
      schedule: <T>(work: Work<T>, delay?: number, state?: T) => {
        const action = time.schedule(delay === 0 ? noWork : work, delay, state);
        if (delay === 0) (work as () => void)();
        return action;
      },
    }));
    expect(await broken(eager)).toContain("E22 nothing runs within the call that schedules it");
  });

  it("E22 a clock that is set back", async () => {
    const back = scheduler((time) => ({ now: () => (time.now() > 5 ? 2 : time.now()) }));
    expect(await broken(back)).toContain("E22 now goes on as time passes, and never back");
  });

  it("R14 a codec that hands out its own buffer", async () => {
    const buffer = new Uint8Array(8);
    const sharing = codec({
      encodeCommand(command) {
        const bytes = journalCodec.encodeCommand(command);
        buffer.set(bytes);
        return buffer.subarray(0, bytes.length);
      },
    });
    expect(await broken(sharing)).toContain("R14 bytes once encoded stay as they are, whatever is encoded next");
  });

  it("R14 a codec that reads from the beginning of the buffer", async () => {
    const careless = codec({
      decodeCommand: (bytes) => journalCodec.decodeCommand(new Uint8Array(bytes.buffer, 0, bytes.length)),
    });
    expect(await broken(careless)).toContain(
      "R14 decoding changes nothing in the bytes, and reads them from the middle of a buffer",
    );
  });

  it("F03 a codec that lets the host's errors through, or takes anything", async () => {
    const plain = new TextDecoder("utf-8", { fatal: true });
    const bare = codec({
      decodeCommand: (bytes) => plain.decode(bytes),
      encodeCommand: (command) => new TextEncoder().encode(command),
    });
    expect(await broken(bare)).toEqual(
      expect.arrayContaining([
        "F03 a command that does not fit is refused as BadCommand, before it has bytes",
        "F03 cut bytes give a value or a RaftError, nothing else",
      ]),
    );
  });
});

describe("a law that does not hold", () => {
  it("M06 throws what runners take for a failed assertion, with the law, its reason and both values", async () => {
    const law = "M06 a final configuration is not left again";
    const breach = await breachOf(policy({ leave: (committed) => committed }), law);
    expect(breach).toBeInstanceOf(BrokenLaw);
    expect(breach).toMatchObject({ name: "AssertionError", code: "ERR_ASSERTION", law });
    const { stack, message, expected, actual } = breach as BrokenLaw;
    expect(stack).toMatch(/^AssertionError: /);
    expect(message).toMatch(/\n {2}the law: M06 .+\n {2}its reason: .+/);
    expect(actual).not.toEqual(expected);
  });

  it("F03 also where the adapter throws what it must not", async () => {
    const law = "R14 bytes once encoded stay as they are, whatever is encoded next";
    const torn = codec({
      encodeCommand() {
        throw new TypeError("no such field");
      },
    });
    expect(await breachOf(torn, law)).toMatchObject({
      name: "AssertionError",
      law,
      expected: "no error",
      actual: "TypeError: no such field",
    });
  });
});
