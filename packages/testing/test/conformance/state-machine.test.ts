import type { CommandBatch } from "@hexraft/core/ports";
import { register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, expect, it } from "vitest";
import { JournalMachine, journalCodec } from "../../src/cluster/journal-machine.js";

const lawsOf = (create: () => JournalMachine) =>
  stateMachineLaws(() => ({
    create,
    commands: ["a", "b", "", "ä€😀", "a", "reject:c", "d", "e\nf", "g"].map((line) => journalCodec.encodeCommand(line)),
    rejected: ["reject:one", "reject:two"].map((line) => journalCodec.encodeCommand(line)),
    queries: ["lines", "count"],
  }));
const { title, laws } = lawsOf(() => new JournalMachine());
register({ title: `${title}, over the journal`, laws }, { describe, it });

describe("a state machine that is another one on every replica breaks a law", () => {
  it.each([
    { what: "Math.random", ask: () => Math.random() },
    { what: "setTimeout", ask: () => setTimeout(() => {}, 0) },
  ])("F07 $what in apply is named, with the line", async ({ what, ask }) => {
    class Curious extends JournalMachine {
      override apply(batch: CommandBatch): readonly unknown[] {
        ask();
        return super.apply(batch);
      }
    }
    const law = lawsOf(() => new Curious()).laws.find(({ id }) => id.startsWith("F07 apply asks neither"));
    const broken = expect.stringMatching(new RegExp(`${what} .*state-machine.test.ts:\\d+`)) as unknown;
    await expect(law?.run()).rejects.toMatchObject({ message: broken });
  });
});
