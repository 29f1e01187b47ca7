import { del, increment, KvCodec, put } from "@hexraft/statemachine-kv";
import { codecLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { InSession, SessionCodec, SessionOpened, SessionRefused } from "../src/index.js";
import { counted, opening } from "./support.js";

const laws = codecLaws(() => ({
  create: () => new SessionCodec(new KvCodec()),
  commands: [
    put("a", "1"),
    opening(1),
    opening(2),
    counted(2, 1),
    counted(2 ** 40, 2 ** 52, 2 ** 45),
    new InSession(7, 3, 2, del("x", "y")),
  ],
  results: [
    { type: "increment" as const, value: 3n },
    new SessionOpened(2 ** 40, 300_000),
    new SessionRefused("SessionExpired", "gone"),
    new SessionRefused("AlreadyAcknowledged", "gone"),
    new SessionRefused("ResultNotKept", "über"),
  ],
  misfits: [
    undefined,
    {},
    new InSession(0, 1, 1, increment("n")),
    new InSession(1, 1, 2, increment("n")),
    new InSession(1, 1.5, 1, increment("n")),
    new InSession(1, 1, 1, { type: "drop" }),
  ],
}));
register(laws, { describe, it });
