import { describe, expect, it } from "vitest";
import { Cancellation } from "../../src/components/cancellation.js";
import { SnapshotTraffic } from "../../src/components/snapshot-traffic.js";
import { settled } from "./support/entries.js";
import { ManualTime } from "./support/manual-time.js";

const MIB = 1024 * 1024;
const traffic = (snapshotBytesPerSecondMax: number) => {
  const time = new ManualTime();
  return {
    time,
    made: new SnapshotTraffic({ snapshotSendsMax: 4, snapshotReceivesMax: 4, snapshotBytesPerSecondMax }, time),
  };
};
/** Chunks without an end. */
async function* endless(sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(sizeBytes);
}
/** Takes whatever comes, as fast as it may. */
function taking(made: SnapshotTraffic, bytes: AsyncIterable<Uint8Array> = endless(MIB)) {
  const cancellation = new Cancellation();
  const taken = { bytes: 0, largest: 0, ended: "", cancel: () => cancellation.cancel() };
  const run = async () => {
    for await (const slice of made.limited(bytes, cancellation.signal, ({ length }) => (taken.bytes += length)))
      taken.largest = Math.max(taken.largest, slice.length);
  };
  void run().catch((error: Error) => (taken.ended = error.message));
  return taken;
}
/** Lets virtual time pass in steps, so that each wait ends at its own instant. */
async function pass(time: ManualTime, ms: number): Promise<void> {
  for (let at = 0; at < ms; at++) {
    time.advance(1);
    for (let i = 0; i < 3; i++) await settled();
  }
}

describe("the traffic of snapshots", () => {
  it("S04 a rate holds over all streams together, and is shared", async () => {
    const { time, made } = traffic(10 * MIB);
    const [one, other] = [taking(made), taking(made)];
    await pass(time, 1_000);
    const sum = one.bytes + other.bytes;
    expect(sum / MIB).toBeGreaterThan(9.9);
    expect(sum / MIB).toBeLessThanOrEqual(10.5); // one burst of 50 ms
    expect(Math.abs(one.bytes - other.bytes)).toBeLessThanOrEqual(64 * 1024);
    for (const { cancel } of [one, other]) cancel();
    await settled();
    expect([one.ended, other.ended, time.pending]).toEqual(["called off", "called off", 0]);
  });

  it("S04 what was not used is forfeited, but for a burst", async () => {
    const { time, made } = traffic(10 * MIB);
    time.advance(60_000);
    const late = taking(made);
    await pass(time, 100);
    expect(late.bytes / MIB).toBeLessThanOrEqual(1.5);
    late.cancel();
  });

  it("S04 R19 at a low rate small slices go, so that no wait is as long as a stall", async () => {
    const { time, made } = traffic(65_536);
    const slow = taking(made);
    let [before, stood, longest] = [0, 0, 0];
    for (let at = 0; at < 1_000; at++) {
      await pass(time, 1);
      stood = slow.bytes === before ? stood + 1 : 0;
      before = slow.bytes;
      longest = Math.max(longest, stood);
    }
    expect(longest).toBeLessThanOrEqual(50);
    expect(slow.largest).toBeLessThanOrEqual(65_536 / 20);
    slow.cancel();
  });

  it("S04 without a rate nothing waits, and all bytes come in order", async () => {
    const { time, made } = traffic(0);
    const stream = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251);
    const got: number[] = [];
    const source = (async function* () {
      yield stream.subarray(0, 150_000);
      yield stream.subarray(150_000);
    })();
    for await (const slice of made.limited(source, new Cancellation().signal, () => {})) got.push(...slice);
    expect(got).toEqual([...stream]);
    expect(time.scheduled).toBe(0);
  });
});
