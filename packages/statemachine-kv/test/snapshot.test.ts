import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { del, get, increment, type KvPutResult, KvStateMachine, put, range, size, stats } from "../src/index.js";
import { collect, inChunks, load, Replica, text } from "./support.js";

const golden = () => readFileSync(new URL("golden/snapshot-1.hex", import.meta.url), "utf8").trim();

function goldenState(): Replica {
  const replica = new Replica();
  replica.apply(put("beta", "2", { ttlMs: 500 }), 1_000);
  replica.apply(put("gone", "x"), 1_001);
  replica.apply(put(Uint8Array.of(0, 255), new Uint8Array(0)), 1_002);
  replica.apply(del("gone"), 1_003);
  replica.apply(put("alpha", "1"), 1_004);
  return replica;
}

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "not refused",
    (error: unknown) => error,
  );
}

describe("snapshots", () => {
  it("F07 the bytes are the golden ones of format 1", async () => {
    const snapshot = await collect(goldenState().machine.snapshotSave());
    expect(Buffer.from(snapshot).toString("hex")).toBe(golden());
  });

  it("F07 the golden snapshot loads, and is the state it was made of", async () => {
    const machine = new KvStateMachine();
    await load(machine, new Uint8Array(Buffer.from(golden(), "hex")));
    const origin = goldenState().machine;
    expect(machine.stateHash()).toBe(origin.stateHash());
    expect(machine.read(range())).toEqual(origin.read(range()));
    expect(machine.read(stats())).toEqual(origin.read(stats()));
  });

  it("S01 shows the instant of the call, though commands are applied before and while it is read", async () => {
    const replica = new Replica();
    for (let i = 0; i < 3_000; i++) replica.apply(put(`k${i}`, `value ${i} `.repeat(30)));
    const hash = replica.machine.stateHash();
    const saving = replica.machine.snapshotSave();
    replica.apply(put("k0", "changed before the first byte was asked for"));
    const chunks: Uint8Array[] = [];
    for await (const chunk of saving) {
      chunks.push(chunk);
      for (let i = 0; i < 3_000; i += 3) replica.apply(i % 2 ? del(`k${i}`) : put(`k${i}`, `later ${chunks.length}`));
      for (let i = 0; i < 500; i++) replica.apply(put(`later${chunks.length}-${i}`, "new"));
    }
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.slice(0, -1).every((chunk) => chunk.length === 256 * 1024)).toBe(true);
    const machine = new KvStateMachine();
    // A mixture of several instants would not even be whole.
    await expect(load(machine, new Uint8Array(Buffer.concat(chunks)), 64 * 1024)).resolves.toBeUndefined();
    expect(machine.stateHash()).toBe(hash);
    expect(machine.read(size()).keys).toBe(3_000);
    expect(text(machine.read(get("k0")).value)).toMatch(/^value 0 value 0/);
    expect(replica.machine.stateHash()).not.toBe(hash);
  });

  it("S01 two snapshots under way do not disturb each other", async () => {
    const replica = new Replica();
    replica.apply(put("k", "1"));
    const first = replica.machine.snapshotSave();
    replica.apply(put("k", "2"));
    const second = replica.machine.snapshotSave();
    replica.apply(put("k", "3"));
    const values: unknown[] = [];
    for (const snapshot of [second, first]) {
      const machine = new KvStateMachine();
      await load(machine, await collect(snapshot));
      values.push(text(machine.read(get("k")).value));
    }
    expect(values).toEqual(["2", "1"]);
  });

  it("S01 a long value, overwritten where it lies, stays as it was in a snapshot and in an answer", async () => {
    const replica = new Replica();
    const value = (letter: string, length = 300) => letter.repeat(length);
    replica.apply(put("k", value("a")));
    const handedOut = replica.machine.read(get("k")).value;
    replica.apply(put("k", value("b")));
    const saving = replica.machine.snapshotSave();
    const { previous } = replica.apply(put("k", value("c"), { returnPrevious: true })) as KvPutResult;
    replica.apply(put("k", value("d")));
    replica.apply(put("k", value("e", 280)));
    replica.apply(put("k", value("f", 310)));
    const machine = new KvStateMachine();
    await load(machine, await collect(saving));
    expect([handedOut, machine.read(get("k")).value, previous, replica.machine.read(get("k")).value].map(text)).toEqual(
      [value("a"), value("b"), value("b"), value("f", 310)],
    );
  });

  it("F07 equal states give equal bytes and hashes, whatever way led there and however the bytes are cut", async () => {
    const replica = new Replica();
    for (let i = 0; i < 500; i++) replica.apply(put(`k${(i * 37) % 500}`, `v${i}`, i % 2 ? { ttlMs: 1_000 } : {}));
    const snapshot = await collect(replica.machine.snapshotSave());
    for (const chunkBytes of [1, 7, 4_096, snapshot.length]) {
      const machine = new KvStateMachine();
      await load(machine, snapshot, chunkBytes);
      expect(machine.stateHash()).toBe(replica.machine.stateHash());
      expect(await collect(machine.snapshotSave())).toEqual(snapshot);
    }
  });

  it("S04 values larger than a chunk go through, and chunks stay within 256 KiB", async () => {
    const replica = new Replica();
    const large = new Uint8Array(3 * 1024 * 1024 + 1).map((_, i) => i % 251);
    replica.apply(put("large", large));
    replica.apply(put("small", "s"));
    const sizes: number[] = [];
    for await (const chunk of replica.machine.snapshotSave()) sizes.push(chunk.length);
    expect(Math.max(...sizes)).toBe(256 * 1024);
    const twin = await replica.twin();
    expect(Buffer.compare(twin.machine.read(get("large")).value as Uint8Array, large)).toBe(0);
  });

  it("S01 an empty state is one chunk, and replaces what was there", async () => {
    const replica = new Replica();
    replica.apply(put("k", "v"));
    await load(replica.machine, await collect(new KvStateMachine().snapshotSave()));
    expect(replica.machine.read(size()).keys).toBe(0);
    expect(replica.machine.stateHash()).toBe("0".repeat(16));
  });

  it("S09 a snapshot that is cut anywhere, changed anywhere or too long is refused, and the old state stays", async () => {
    const snapshot = await collect(goldenState().machine.snapshotSave());
    const replica = new Replica();
    replica.apply(put("mine", "1"));
    const hash = replica.machine.stateHash();
    const broken = [
      Uint8Array.of(...snapshot, 0),
      ...Array.from(snapshot.keys(), (length) => snapshot.slice(0, length)),
    ];
    // Byte 8 on are log time and next sequence: any value is a possible one there, and the file's checksum guards them.
    for (let at = 24; at < snapshot.length; at++) broken.push(snapshot.with(at, (snapshot[at] as number) ^ 0x40));
    for (const bytes of broken)
      expect(await refusal(load(replica.machine, bytes))).toMatchObject({
        name: "RaftError",
        code: expect.stringMatching(/^(Damaged|BadCommand)$/),
      });
    expect(replica.machine.stateHash()).toBe(hash);
    expect(replica.apply(increment("mine"))).toMatchObject({ value: 2n });
  });

  it("S09 an unknown format is refused, by what is said about it and by its own header", async () => {
    const snapshot = await collect(goldenState().machine.snapshotSave());
    const machine = new KvStateMachine();
    const about = { id: { index: 9, term: 1 }, formatVersion: 2 };
    expect(await refusal(machine.snapshotLoad(inChunks(snapshot, 10), about))).toMatchObject({ code: "FormatUnknown" });
    expect(await refusal(load(machine, snapshot.with(4, 2)))).toMatchObject({ code: "FormatUnknown" });
  });

  it("S09 a source that fails or is given up is closed", async () => {
    let closed = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield new Uint8Array(100);
        yield new Uint8Array(100);
      } finally {
        closed++;
      }
    }
    const about = { id: { index: 9, term: 1 }, formatVersion: 1 };
    expect(await refusal(new KvStateMachine().snapshotLoad(source(), about))).toMatchObject({ code: "Damaged" });
    expect(closed).toBe(1);
  });
});
