import { codecLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { KvCodec } from "../src/index.js";
import { commands, results } from "./samples.js";

const laws = codecLaws(() => ({
  create: () => new KvCodec(),
  commands: Object.values(commands),
  results: Object.values(results),
  misfits: [undefined, null, "put", {}, { type: "put", key: "no bytes" }, { type: "drop" }],
}));
register(laws, { describe, it });
