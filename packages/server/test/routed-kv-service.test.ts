import { keyRanges } from "@hexraft/client";
import { sessionNumber } from "@hexraft/sessions";
import {
  batch,
  del,
  exists,
  get,
  getMany,
  increment,
  type KvRangeAnswer,
  multiPut,
  put,
  range,
  scan,
  size,
  stats,
} from "@hexraft/statemachine-kv";
import { beforeEach, describe, expect, it } from "vitest";
import { RoutedKvService } from "../src/groups/routed-kv-service.js";
import { LocalKv } from "./support/local-kv.js";

const RANGES = keyRanges(["g", "n"]);
let parts: ReadonlyMap<string, LocalKv>;
let kv: RoutedKvService;

beforeEach(() => {
  parts = new Map(RANGES.map(({ group }) => [group, new LocalKv()]));
  kv = new RoutedKvService(RANGES.map((each) => ({ ...each, kv: parts.get(each.group) as LocalKv })));
});

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const asked = () => Array.from(parts, ([group, part]) => `${group}: ${part.asked.join(" ")}`);
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error: Error) => error.message,
  );

describe("several groups behind one door", () => {
  it("G01 commands and queries go to the group that holds their keys, and to no other", async () => {
    await kv.apply(put("apple", "1"));
    await kv.apply(increment("grape"));
    await kv.apply(
      multiPut([
        ["nut", "1"],
        ["plum", "2"],
      ]),
    );
    await kv.apply(batch(put("fig", "1"), del("apple")));
    expect(text((await kv.read(get("plum"))).value as Uint8Array)).toBe("2");
    expect((await kv.read(exists("nut", "plum", "yam"), "local")).count).toBe(2);
    expect(asked()).toEqual(["..g: put batch", "g..n: increment", "n..: multiPut get local exists"]);
  });

  it("G01 F03 what reaches over groups is refused, names them, and is done nowhere", async () => {
    const why =
      "its keys are in several groups (..g, n..), and no command reaches over groups; send one for each group.";
    for (const command of [
      del("a", "z"),
      multiPut([
        ["a", "1"],
        ["z", "1"],
      ]),
      batch(put("a", "1"), put("z", "1")),
    ])
      expect(await refusal(kv.apply(command))).toBe(`Nothing was done: ${why}`);
    expect(await refusal(kv.read(getMany("a", "z")))).toContain(why);
    expect(await refusal(kv.read(stats()))).toContain("Figures are told of one group");
    expect(asked()).toEqual(["..g: ", "g..n: ", "n..: "]);
  });

  it("C03 G01 a session is one in each group behind one name, and a command comes under the number of its own group's", async () => {
    await kv.apply(put("grape", "1")); // so that the groups number their sessions differently
    const nonce = new Uint8Array(16).fill(5);
    const { session, ttlMs } = await kv.openSession(nonce);
    const numbers = [1, 2, 1].map((index) => sessionNumber(nonce, index));
    expect([session, ttlMs]).toEqual([numbers.join("."), 300_000]);
    expect((await kv.openSession(nonce)).session).toBe(session);
    const once = (key: string, sequence: number) => kv.apply(increment(key), { session, sequence, acknowledged: 0 });
    for (const [at, key] of ["apple", "grape", "plum", "apple", "zebra"].entries()) {
      const first = once(key, at + 1);
      expect(await once(key, at + 1)).toEqual(await first);
    }
    expect(await once("apple", 6)).toMatchObject({ value: 3n });
    expect(await refusal(once("grape", 7).then(() => once("zebra", 8)))).toBe("done");
  });

  it("C04 G01 where a session has expired in one group nothing is done there, and the others go on", async () => {
    const nonce = new Uint8Array(16).fill(5);
    const { session } = await kv.openSession(nonce);
    const once = (key: string, sequence: number) => kv.apply(increment(key), { session, sequence, acknowledged: 0 });
    await once("grape", 1);
    (parts.get("g..n") as LocalKv).logTimeMs += 300_000;
    await expect(once("grape", 1)).rejects.toMatchObject({ code: "SessionExpired", outcome: "refused" });
    expect(await once("apple", 2)).toMatchObject({ value: 1n });
    // Who asks for it again hears that it is another one now.
    expect((await kv.openSession(nonce)).session).not.toBe(session);
    expect(await kv.apply(increment("grape"))).toMatchObject({ value: 2n });
  });

  it("C03 a session of a service with other groups is refused: in a group of this one it would be another client's", async () => {
    for (const session of [2, "2.2", "2.2.2.2"]) {
      const number = { session, sequence: 1, acknowledged: 0 };
      expect(await refusal(kv.apply(put("a", "1"), number))).toMatch(
        /^Nothing was done: the session 2.* open one here\.$/,
      );
    }
    expect(asked()).toEqual(["..g: ", "g..n: ", "n..: "]);
    const alone = await (parts.get("..g") as LocalKv)
      .apply(put("a", "1"), { session: "2.2", sequence: 1, acknowledged: 0 })
      .catch(String);
    expect(alone).toContain("and this one has 1; open one here");
  });

  it("Q08 a token is one group's: of the key that is named", async () => {
    await kv.apply(put("a", "1"));
    expect([kv.readToken(Buffer.from("a")), kv.readToken(Buffer.from("z")), kv.readToken()]).toEqual([
      "cluster/main/0/1",
      "cluster/main/0/0",
      "",
    ]);
  });

  it("G01 pages go through all groups in the order of the keys, up and down, within their bounds", async () => {
    const keys = ["a", "b", "g", "h", "i", "n", "z"];
    for (const key of keys) await kv.apply(put(key, key));
    const all = async (bounds: { readonly start?: string; readonly end?: string; readonly reverse?: true }) => {
      const found: string[] = [];
      let { start, end }: { start?: Uint8Array | string; end?: Uint8Array | string } = bounds;
      for (let pages = 0; pages < 20; pages++) {
        const page: KvRangeAnswer = await kv.read(range({ ...bounds, start, end, limit: 2 }));
        found.push(...page.entries.map(({ key }) => text(key)));
        if (page.next === null) return found;
        if (bounds.reverse) end = page.next;
        else start = page.next;
      }
      throw new Error("it does not end");
    };
    expect(await all({})).toEqual(keys);
    expect(await all({ reverse: true })).toEqual(keys.toReversed());
    expect(await all({ start: "b", end: "i" })).toEqual(["b", "g", "h"]);
    expect(await all({ start: "b", end: "i", reverse: true })).toEqual(["h", "g", "b"]);
    expect(await all({ start: "b", end: "g" })).toEqual(["b"]);
    expect(await all({ start: "g", end: "n", reverse: true })).toEqual(["i", "h", "g"]);
    expect(await all({ end: "", reverse: true })).toEqual([]);
  });

  it("G01 a scan comes by every key once, and the keys of all groups are counted", async () => {
    const keys = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i));
    for (const key of keys) await kv.apply(put(key, key));
    const found: string[] = [];
    let cursor = "0";
    do {
      const page = await kv.read(scan(cursor, 4));
      found.push(...page.keys.map(text));
      cursor = page.cursor;
    } while (cursor !== "0");
    expect(found.toSorted()).toEqual(keys);
    expect((await kv.read(size())).keys).toBe(26);
    expect(await refusal(kv.read(scan("200")))).toContain("The cursor 200 is not one that a scan gave here");
  });
});
