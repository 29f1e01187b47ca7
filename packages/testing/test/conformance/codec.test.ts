import { codecLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { journalCodec } from "../../src/cluster/journal-machine.js";

const { title, laws } = codecLaws(() => ({
  create: () => journalCodec,
  commands: ["", "a", "ä€😀", "two\nlines"],
  results: [1, 42],
  misfits: [undefined, 7, { text: "a" }],
}));
register({ title: `${title}, over the journal's`, laws }, { describe, it });
