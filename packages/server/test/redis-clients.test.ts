import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STEADY_MS, ThreeNodes } from "./support/three-nodes.js";

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

describe("ioredis", () => {
  let redis: Redis;
  beforeAll(async () => {
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) as string;
    redis = new Redis({ port: cluster.respPort(follower), host: "127.0.0.1", db: 0, connectionName: "tests" });
  });
  afterAll(() => redis.disconnect());

  it("R18 works unchanged on a follower: strings, counters, lifetimes", async () => {
    expect(await redis.ping()).toBe("PONG");
    expect(await redis.set("a", "1")).toBe("OK");
    expect(await redis.get("a")).toBe("1");
    expect(await redis.set("a", "2", "NX")).toBeNull();
    expect(await redis.set("b", "x", "EX", 100, "NX")).toBe("OK");
    expect(await redis.ttl("b")).toBeGreaterThan(90);
    expect(await redis.incr("a")).toBe(2);
    expect(await redis.incrby("a", 40)).toBe(42);
    expect(await redis.mset("c", "3", "d", "4")).toBe("OK");
    expect(await redis.mget("a", "c", "none")).toEqual(["42", "3", null]);
    expect(await redis.del("a", "c", "none")).toBe(2);
    expect(await redis.exists("b", "d")).toBe(2);
    expect(await redis.client("GETNAME")).toBe("tests");
  });

  it("keeps binary keys and values", async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 36]);
    await redis.set(bytes, bytes);
    expect(await redis.getBuffer(bytes)).toEqual(bytes);
  });

  it("pipelines, and says of each command how it went", async () => {
    const ends = await redis.pipeline().set("p", "1").incr("p").set("q", "text").incr("q").get("p").exec();
    expect(ends?.map(([error, value]) => error?.message ?? value)).toEqual([
      "OK",
      2,
      "OK",
      "ERR value is not an integer or out of range",
      "2",
    ]);
  });

  it("scans all keys by its own stream", async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 300; i++) pipeline.set(`scan:${i}`, "v");
    await pipeline.exec();
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: "scan:*", count: 50 }))
      for (const key of keys as string[]) found.add(key);
    expect(found.size).toBe(300);
  });

  it("hears clear errors for what there is not", async () => {
    await expect(redis.lpush("l", "v")).rejects.toThrow(/unknown command 'lpush'/);
    await expect(redis.select(3)).rejects.toThrow(/DB index is out of range/);
  });
});

describe("node-redis", () => {
  const connect = async (id: string) => {
    const client = createClient({ url: `redis://127.0.0.1:${cluster.respPort(id)}`, RESP: 2 });
    client.on("error", () => {});
    await client.connect();
    return client;
  };

  it("R18 works unchanged on every node", async () => {
    for (const id of cluster.ids) {
      const client = await connect(id);
      expect(await client.ping()).toBe("PONG");
      expect(await client.set(`k-${id}`, "v", { expiration: { type: "PX", value: 60_000 } })).toBe("OK");
      expect(await client.get(`k-${id}`)).toBe("v");
      expect(await client.pTTL(`k-${id}`)).toBeGreaterThan(50_000);
      expect(await client.persist(`k-${id}`)).toBe(1);
      expect(await client.incrBy("shared", 2)).toBe(2 * (cluster.ids.indexOf(id as "n1") + 1));
      expect(await Promise.all([client.set("m", "1"), client.incr("m"), client.get("m")])).toEqual(["OK", 2, "2"]);
      await client.close();
    }
  });

  it("iterates over keys", async () => {
    const client = await connect("n1");
    await client.mSet(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`it:${i}`, "v"])));
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: "it:*", COUNT: 20 })) for (const key of keys) found.add(key);
    expect(found.size).toBe(100);
    await client.close();
  });
});
