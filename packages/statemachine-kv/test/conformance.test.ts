import { register, stateMachineLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import {
  batch,
  compareAndSet,
  del,
  exists,
  get,
  increment,
  KvCodec,
  KvStateMachine,
  multiPut,
  put,
  range,
  scan,
  size,
  ttl,
} from "../src/index.js";

const codec = new KvCodec();
const laws = stateMachineLaws(() => ({
  create: () => new KvStateMachine(),
  commands: [
    put("a", "1"),
    multiPut([
      ["b", "2"],
      ["c", "three"],
    ]),
    increment("a", 41),
    put("e", "soon gone", { ttlMs: 5_000 }),
    compareAndSet("c", "three", "3"),
    del("b"),
    batch(put("f", new Uint8Array(3_000)), increment("g")),
    put("a", "not written", { condition: "absent" }),
    put("word", "no number"),
  ].map((command) => codec.encodeCommand(command)),
  rejected: [increment("word"), batch(put("x", "y"), increment("word"))].map((c) => codec.encodeCommand(c)),
  queries: [get("a"), exists("a", "b"), range(), scan(), ttl("e"), size()],
}));
register(laws, { describe, it });
