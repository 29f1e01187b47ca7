import { Rejected } from "@hexraft/core/ports";
import { InSession, OpenSession, SessionCodec, SessionStateMachine, sessionNumber } from "@hexraft/sessions";
import { del, get, getMany, increment, put } from "@hexraft/statemachine-kv";
import { codecLaws, register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { ComposedCodec, type ComposedCommand, ComposedStateMachine, PartResult } from "../src/index.js";
import { parts } from "./support.js";

const codec = new ComposedCodec(parts);
const commands: readonly ComposedCommand<typeof parts>[] = [
  { to: "texts", command: put("a", "1") },
  { to: "tally", command: 5 },
  { to: "tally", command: -2 },
  { to: "texts", command: increment("a") },
  { to: "texts", command: put("long", new Uint8Array(200_000)) },
  { to: "tally", command: 1_000_000 },
  { to: "texts", command: del("none") },
  { to: "tally", command: 1 },
];
const queries = [
  { to: "texts", query: get("a") },
  { to: "tally", query: "sum" },
  { to: "texts", query: getMany("a", "long") },
];

describe("F04 composed state machines keep the laws of one", () => {
  const laws = stateMachineLaws(() => ({
    create: () => new ComposedStateMachine(parts),
    commands: commands.map((command) => codec.encodeCommand(command)),
    rejected: [
      codec.encodeCommand({ to: "tally", command: -9_000_000 }),
      codec.encodeCommand({ to: "texts", command: increment("long") }),
      Uint8Array.of(0),
      Uint8Array.of(9, 1),
    ],
    queries,
  }));
  register(laws, { describe, it });
});

describe("F04 also within sessions", () => {
  const around = new SessionCodec(codec);
  const nonce = new Uint8Array(16).fill(7);
  const session = sessionNumber(nonce, 2);
  const laws = stateMachineLaws(() => ({
    create: () => new SessionStateMachine(new ComposedStateMachine(parts), around),
    commands: [
      new OpenSession(nonce), // at entry 2
      ...commands.map((command, i) => new InSession(session, i + 1, 1, command)),
      new InSession(session, 2, 1, commands[1] as ComposedCommand<typeof parts>),
      new InSession(session, 20, 1, { to: "tally" as const, command: -9_000_000 }),
      new InSession(session, 20, 1, { to: "tally" as const, command: -9_000_000 }),
    ].map((command) => around.encodeCommand(command)),
    rejected: [],
    queries,
  }));
  register(laws, { describe, it });
});

describe("F04 F03 their codec keeps the laws of one", () => {
  const laws = codecLaws(() => ({
    create: () => new ComposedCodec(parts),
    commands,
    results: [
      new PartResult<typeof parts>("tally", 7),
      new PartResult<typeof parts>("texts", { type: "increment", value: 3n }),
      new Rejected("Overdrawn", "es fehlt übel viel"),
      new Rejected("", ""),
    ],
    misfits: [
      undefined,
      null,
      5,
      {},
      { to: "tally", command: 0.5 },
      { to: "others", command: 5 },
      { to: "toString", command: 5 },
    ],
  }));
  register(laws, { describe, it });
});
