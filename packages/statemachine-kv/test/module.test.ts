import { Codec, RaftError, StateMachine } from "@hexraft/core/ports";
import { Container } from "inversify";
import { expect, it } from "vitest";
import { KvCodec, KvStateMachine, kvStateMachine, put } from "../src/index.js";

it("F03 the module binds a state machine and a codec, each container its own", () => {
  const module = kvStateMachine({ valueBytesMax: 4 });
  const [one, two] = [new Container(), new Container()];
  one.load(module);
  two.load(module);
  expect(one.get(StateMachine)).toBeInstanceOf(KvStateMachine);
  expect(one.get(StateMachine)).toBe(one.get(StateMachine));
  expect(one.get(StateMachine)).not.toBe(two.get(StateMachine));
  expect(one.get(Codec)).toBeInstanceOf(KvCodec);
  expect(() => one.get(Codec).encodeCommand(put("k", "12345"))).toThrow(/valueBytesMax is 4/);
});

it("O05 the module refuses a limit out of its range at once", () => {
  expect(() => kvStateMachine({ itemsMax: 0 })).toThrow(RaftError);
});
