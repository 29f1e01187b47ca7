import { get, getMany, increment, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { InSession, SessionCodec, SessionStateMachine } from "../src/index.js";
import { counted, opening } from "./support.js";

const codec = new SessionCodec(new KvCodec()) as SessionCodec;
// The registrations stand at entries 2 and 3 of the laws' log, and are named after them.
const laws = stateMachineLaws(() => ({
  create: () => new SessionStateMachine(new KvStateMachine(), codec),
  commands: [
    opening(1),
    opening(2),
    counted(2, 1),
    counted(3, 1),
    counted(2, 1),
    increment("n"),
    counted(2, 3),
    counted(2, 2),
    counted(2, 3),
    new InSession(2, 4, 3, put("word", "no number")),
    new InSession(2, 5, 3, increment("word")),
    new InSession(2, 5, 3, increment("word")),
    new InSession(3, 9, 2, put("big", new Uint8Array(3_000), { returnPrevious: true })),
    new InSession(3, 10, 2, put("big", "small", { returnPrevious: true })),
    opening(1),
  ].map((command) => codec.encodeCommand(command)),
  rejected: [counted(2, 2), counted(99, 1), increment("word")].map((command) => codec.encodeCommand(command)),
  queries: [get("n"), getMany("n", "word")],
}));
register(laws, { describe, it });
