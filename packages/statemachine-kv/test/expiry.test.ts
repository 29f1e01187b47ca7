import { describe, expect, it } from "vitest";
import {
  batch,
  compareAndSet,
  del,
  exists,
  get,
  increment,
  persist,
  put,
  range,
  scan,
  size,
  stats,
  ttl,
} from "../src/index.js";
import { Replica, text } from "./support.js";

describe("expiry by log time", () => {
  it("F01 a key is gone, for every query, once a command's log time reaches its deadline", () => {
    const replica = new Replica();
    replica.apply(put("k", "v", { ttlMs: 100 }), 1_000);
    replica.apply(put("other", "o"), 1_099);
    expect(replica.machine.read(ttl("k")).ttlMs).toBe(1);
    expect(text(replica.machine.read(get("k")).value)).toBe("v");
    replica.apply(put("other", "o"), 1_100);
    expect(replica.machine.read(get("k")).value).toBeNull();
    expect(replica.machine.read(ttl("k")).exists).toBe(false);
    expect(replica.machine.read(exists("k")).count).toBe(0);
    expect(replica.machine.read(range()).entries).toHaveLength(1);
    expect(replica.machine.read(scan()).keys).toHaveLength(1);
    expect(replica.machine.read(size()).keys).toBe(1);
  });

  it("F01 an expired key counts as absent for the very command that shows it expired", () => {
    const at = (command: Parameters<Replica["apply"]>[0]) => {
      const replica = new Replica();
      replica.apply(put("k", "5", { ttlMs: 10 }), 0);
      return replica.apply(command, 10);
    };
    expect(at(put("k", "v", { condition: "present" }))).toMatchObject({ done: false });
    expect(at(put("k", "v", { condition: "absent", returnPrevious: true }))).toMatchObject({
      done: true,
      previous: null,
    });
    expect(at(del("k"))).toMatchObject({ deleted: 0 });
    expect(at(compareAndSet("k", null, "v"))).toMatchObject({ done: true });
    expect(at(increment("k"))).toMatchObject({ value: 1n });
    expect(at(persist("k"))).toMatchObject({ done: false });
  });

  it("F01 writing takes the deadline away, unless it is kept or given anew", () => {
    const replica = new Replica();
    replica.applyAll([
      put("plain", "1", { ttlMs: 10 }),
      put("kept", "1", { ttlMs: 10 }),
      put("cas", "1", { ttlMs: 10 }),
    ]);
    replica.applyAll(
      [put("plain", "2"), put("kept", "2", { keepTtl: true }), compareAndSet("cas", "1", "2", { ttlMs: 7 })],
      5,
    );
    const left = (key: string) => replica.machine.read(ttl(key)).ttlMs;
    expect([left("plain"), left("kept"), left("cas")]).toEqual([null, 5, 7]);
  });

  it("F01 log time that would go back stands still", () => {
    const replica = new Replica();
    replica.apply(put("k", "v", { ttlMs: 10 }), 100);
    replica.apply(put("x", "x"), 110);
    replica.apply(put("x", "x"), 50);
    expect(replica.machine.read(get("k")).value).toBeNull();
    expect(replica.machine.read(stats()).logTimeMs).toBe(110);
  });

  it("F01 memory of expired keys comes free in bounded sweeps, and queries never see what is not yet swept", () => {
    const replica = new Replica();
    for (let i = 0; i < 1_000; i++) replica.apply(put(`k${i}`, "v", { ttlMs: 10 + (i % 2) }), 0);
    replica.apply(put("stays", "v"), 1_000);
    const first = replica.machine.read(stats());
    expect(first).toMatchObject({ keys: 1, unswept: 968, expiring: 968 });
    replica.apply(batch(put("stays", "v"), put("stays", "v"), put("stays", "v")), 1_000);
    expect(replica.machine.read(stats())).toMatchObject({ keys: 1, unswept: 872 });
    expect(replica.machine.read(range()).entries).toHaveLength(1);
    for (let i = 0; i < 40; i++) replica.apply(put("stays", "v"), 1_000);
    expect(replica.machine.read(stats())).toMatchObject({ keys: 1, unswept: 0, expiring: 0, bytes: 6 });
  });

  it("F07 replicas that cut the same entries into other batches, or restore midway, are equal", async () => {
    const [one, many] = [new Replica(), new Replica()];
    const commands = Array.from({ length: 300 }, (_, i) =>
      put(`k${i % 70}`, `${i}`, i % 3 ? { ttlMs: 1 + (i % 20) } : {}),
    );
    for (const [i, command] of commands.entries()) one.apply(command, Math.floor(i / 10) * 5);
    for (let i = 0; i < 300; i += 10) many.applyAll(commands.slice(i, i + 10), (i / 10) * 5);
    expect(many.machine.stateHash()).toBe(one.machine.stateHash());
    const twin = await one.twin();
    for (const replica of [one, twin]) replica.apply(put("x", "y"), 200);
    expect(twin.machine.stateHash()).toBe(one.machine.stateHash());
    expect(twin.machine.read(stats())).toEqual(one.machine.read(stats()));
  });
});
