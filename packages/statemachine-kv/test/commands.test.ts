import { Rejected } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import {
  batch,
  compareAndSet,
  del,
  exists,
  expire,
  get,
  getMany,
  INTEGER_MAX,
  increment,
  type KvCompareAndSetResult,
  type KvPutResult,
  multiPut,
  persist,
  put,
  range,
  stats,
  ttl,
} from "../src/index.js";
import { bytes, Replica, text } from "./support.js";

const valueOf = (replica: Replica, key: string) => text(replica.machine.read(get(key)).value);

describe("commands", () => {
  it("F03 puts, gets and deletes keys of any bytes", () => {
    const replica = new Replica();
    const key = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(replica.apply(put(key, "all bytes"))).toEqual({ type: "put", done: true });
    expect(replica.apply(put("", ""))).toEqual({ type: "put", done: true });
    expect(text(replica.machine.read(get(key)).value)).toBe("all bytes");
    expect(replica.machine.read(get("")).value).toEqual(new Uint8Array(0));
    expect(replica.machine.read(get("ÿ")).value).toBeNull();
    expect(replica.apply(del(key, "nobody", key))).toEqual({ type: "delete", deleted: 1 });
    expect(replica.machine.read(exists(key, "", ""))).toEqual({ type: "exists", count: 2 });
  });

  it("F03 sets under a condition, and says what was there before", () => {
    const replica = new Replica();
    expect(replica.apply(put("k", "0", { condition: "present" }))).toEqual({ type: "put", done: false });
    expect(replica.apply(put("k", "1", { condition: "absent", returnPrevious: true }))).toEqual({
      type: "put",
      done: true,
      previous: null,
    });
    expect(replica.apply(put("k", "2", { condition: "absent", returnPrevious: true }))).toEqual({
      type: "put",
      done: false,
      previous: bytes("1"),
    });
    expect(replica.apply(put("k", "3", { condition: "present" }))).toEqual({ type: "put", done: true });
    expect(valueOf(replica, "k")).toBe("3");
  });

  it("F03 sets many keys at once, the later of two with one key", () => {
    const replica = new Replica();
    const result = replica.apply(
      multiPut([
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
      ]),
    );
    expect(result).toEqual({ type: "multiPut", written: 3 });
    expect(replica.machine.read(getMany("a", "x", "b")).values.map(text)).toEqual(["3", null, "2"]);
  });

  it("F03 compares and sets, also against and to nothing", () => {
    const replica = new Replica();
    expect(replica.apply(compareAndSet("k", "x", "y"))).toEqual({ type: "compareAndSet", done: false, actual: null });
    expect(replica.apply(compareAndSet("k", null, "one"))).toMatchObject({ done: true });
    expect(replica.apply(compareAndSet("k", null, "two"))).toMatchObject({ done: false, actual: bytes("one") });
    expect(replica.apply(compareAndSet("k", "on", "two"))).toMatchObject({ done: false });
    expect(replica.apply(compareAndSet("k", "one", "two"))).toMatchObject({ done: true, actual: null });
    expect(valueOf(replica, "k")).toBe("two");
    expect(replica.apply(compareAndSet("k", "two", null))).toMatchObject({ done: true });
    expect(valueOf(replica, "k")).toBeNull();
  });

  it("F03 counts in signed 64-bit integers, and keeps the deadline", () => {
    const replica = new Replica();
    expect(replica.apply(increment("n"))).toEqual({ type: "increment", value: 1n });
    expect(replica.apply(increment("n", -3))).toEqual({ type: "increment", value: -2n });
    expect(valueOf(replica, "n")).toBe("-2");
    replica.apply(put("n", String(INTEGER_MAX - 1n), { ttlMs: 100 }));
    expect(replica.apply(increment("n"))).toEqual({ type: "increment", value: INTEGER_MAX });
    expect(replica.machine.read(ttl("n")).ttlMs).toBe(100);
  });

  it.each(["", " 1", "+1", "01", "-0", "1.0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809", "٣"])(
    "F01 an increment of %j is rejected, the same everywhere, and changes nothing",
    (value) => {
      const replica = new Replica();
      replica.apply(put("n", value));
      const hash = replica.machine.stateHash();
      expect(replica.apply(increment("n"))).toEqual(
        new Rejected("NotAnInteger", "the value is not a signed 64-bit integer in decimal"),
      );
      expect(replica.machine.stateHash()).toBe(hash);
      expect(valueOf(replica, "n")).toBe(value);
    },
  );

  it("F01 an increment beyond 64 bits is rejected and changes nothing", () => {
    const replica = new Replica();
    replica.apply(put("n", String(INTEGER_MAX)));
    const hash = replica.machine.stateHash();
    expect(replica.apply(increment("n"))).toMatchObject({ code: "OutOfRange" });
    expect(replica.machine.stateHash()).toBe(hash);
  });

  it("F03 a batch is done in order, each command seeing the one before", () => {
    const replica = new Replica();
    const result = replica.apply(batch(put("n", "5"), increment("n", 2), del("n"), increment("n"), put("m", "x")));
    expect(result).toMatchObject({
      type: "batch",
      results: [{ done: true }, { value: 7n }, { deleted: 1 }, { value: 1n }, { done: true }],
    });
    expect(valueOf(replica, "n")).toBe("1");
  });

  it.each([
    ["a rejected command", increment("word"), "command 4 of 4 (increment): the value is not a signed 64-bit integer"],
    ["a condition that is not met", put("word", "y", { condition: "absent" }), "command 4 of 4 (put): its condition"],
    ["a comparison that is not met", compareAndSet("word", "y", "z"), "command 4 of 4 (compareAndSet): the key did"],
  ])("F01 a batch with %s is rejected whole, and leaves no trace", (_what, last, reason) => {
    const replica = new Replica();
    replica.applyAll([put("word", "x"), put("old", "o", { ttlMs: 50 })]);
    const [hash, figures] = [replica.machine.stateHash(), replica.machine.read(stats())];
    const result = replica.apply(batch(put("new", "1"), del("old"), put("word", "z"), last));
    expect(result).toBeInstanceOf(Rejected);
    expect(result).toMatchObject({ code: "BatchRejected", reason: expect.stringContaining(reason) });
    expect(replica.machine.stateHash()).toBe(hash);
    expect(replica.machine.read(stats())).toEqual(figures);
    expect(replica.machine.read(getMany("word", "old", "new")).values.map(text)).toEqual(["x", "o", null]);
    expect(replica.machine.read(ttl("old")).ttlMs).toBe(50);
  });

  it("F01 nobody changes the state through bytes that went in or came out", () => {
    const replica = new Replica();
    const payload = Uint8Array.from([1, 1, 0, 1, 0, 0, 0, 107, 1, 0, 0, 0, 118]);
    replica.applyBytes([payload]);
    payload.fill(0);
    const before = replica.machine.stateHash();
    replica.machine.read(get("k")).value?.fill(0);
    const kept = replica.apply(put("k", "w", { returnPrevious: true, condition: "absent" })) as KvPutResult;
    expect(kept.previous).toEqual(bytes("v"));
    kept.previous?.fill(0);
    const unequal = replica.apply(compareAndSet("k", "x", "y")) as KvCompareAndSetResult;
    expect(unequal.actual).toEqual(bytes("v"));
    unequal.actual?.fill(0);
    replica.machine.read(range()).entries[0]?.value.fill(0);
    replica.machine.read(getMany("k")).values[0]?.fill(0);
    expect(valueOf(replica, "k")).toBe("v");
    expect(replica.machine.stateHash()).toBe(before);
  });

  it("F03 expire and persist say whether there was something to do", () => {
    const replica = new Replica();
    expect(replica.apply(expire("k", 10))).toEqual({ type: "expire", done: false });
    replica.apply(put("k", "v"));
    expect(replica.apply(persist("k"))).toEqual({ type: "persist", done: false });
    expect(replica.apply(expire("k", 10))).toEqual({ type: "expire", done: true });
    expect(replica.machine.read(ttl("k"))).toEqual({ type: "ttl", exists: true, ttlMs: 10 });
    expect(replica.apply(persist("k"))).toEqual({ type: "persist", done: true });
    expect(replica.machine.read(ttl("k"))).toEqual({ type: "ttl", exists: true, ttlMs: null });
    expect(replica.machine.read(ttl("x"))).toEqual({ type: "ttl", exists: false, ttlMs: null });
  });
});
