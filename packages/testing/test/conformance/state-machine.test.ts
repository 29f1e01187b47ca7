import { register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { JournalMachine, journalCodec } from "../../src/cluster/journal-machine.js";

const { title, laws } = stateMachineLaws(() => ({
  create: () => new JournalMachine(),
  commands: ["a", "b", "", "ä€😀", "a", "reject:c", "d", "e\nf", "g"].map((line) => journalCodec.encodeCommand(line)),
  rejected: ["reject:one", "reject:two"].map((line) => journalCodec.encodeCommand(line)),
  queries: ["lines", "count"],
}));
register({ title: `${title}, over the journal`, laws }, { describe, it });
