import { get, getMany, increment, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { InSession, SessionCodec, SessionStateMachine } from "../src/index.js";
import { counted, ONE, opening, TWO } from "./support.js";

const codec = new SessionCodec(new KvCodec()) as SessionCodec;
// The registrations stand at entries 2 and 3 of the laws' log.
const laws = stateMachineLaws(() => ({
  create: () => new SessionStateMachine(new KvStateMachine(), codec),
  commands: [
    opening(1),
    opening(2),
    counted(ONE, 1),
    counted(TWO, 1),
    counted(ONE, 1),
    increment("n"),
    counted(ONE, 3),
    counted(ONE, 2),
    counted(ONE, 3),
    new InSession(ONE, 4, 3, put("word", "no number")),
    new InSession(ONE, 5, 3, increment("word")),
    new InSession(ONE, 5, 3, increment("word")),
    new InSession(TWO, 9, 2, put("big", new Uint8Array(3_000), { returnPrevious: true })),
    new InSession(TWO, 10, 2, put("big", "small", { returnPrevious: true })),
    opening(1),
  ].map((command) => codec.encodeCommand(command)),
  rejected: [counted(ONE, 2), counted(99, 1), increment("word")].map((command) => codec.encodeCommand(command)),
  queries: [get("n"), getMany("n", "word")],
}));
register(laws, { describe, it });
