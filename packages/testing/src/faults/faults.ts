import type { RandomSource } from "@hexraft/core/ports";
import type { Fault } from "./faulty.js";

/** Says which calls of a method are hit, by their number, from 1 on. */
export type When = (number: number) => boolean;

/** The `count`th call, and no other. */
export const nth =
  (count: number): When =>
  (number) =>
    number === count;

/** The `count`th call and all after it. */
export const from =
  (count: number): When =>
  (number) =>
    number >= count;

/** Each call with this probability, 0 … 1. */
export const byChance =
  (random: RandomSource, probability: number): When =>
  () =>
    random.next() < probability;

/** The call is not done: it throws. For methods that answer at once, e.g. `StateMachine.apply`, `FileSystem.open`. */
export const throwing =
  <Args extends readonly unknown[], Result>(when: When, error: Error): Fault<Args, Result> =>
  ({ number, proceed }) => {
    if (when(number)) throw error;
    return proceed();
  };

/** The call is not done: it rejects, e.g. a disk that takes nothing more. */
export const failing =
  <Args extends readonly unknown[], Value>(when: When, error: Error): Fault<Args, Promise<Value>> =>
  ({ number, proceed }) =>
    when(number) ? Promise.reject(error) : proceed();

/** The call is done, and rejects all the same: what an fsync that failed leaves behind. */
export const failingAfterwards =
  <Args extends readonly unknown[], Value>(when: When, error: Error): Fault<Args, Promise<Value>> =>
  async ({ number, proceed }) => {
    const result = await proceed();
    if (when(number)) throw error;
    return result;
  };

/** The call is done once `until` has resolved: a slow disk, a long link. */
export const held =
  <Args extends readonly unknown[], Value>(when: When, until: Promise<unknown>): Fault<Args, Promise<Value>> =>
  async ({ number, proceed }) => {
    if (when(number)) await until;
    return proceed();
  };

/** The call is not done, and answered with `instead`: `Transport.send` that says true and loses the message. */
export const lost =
  <Args extends readonly unknown[], Result>(when: When, instead: Result): Fault<Args, Result> =>
  ({ number, proceed }) =>
    when(number) ? instead : proceed();

/** The call is done twice, and answered as the second time. */
export const doubled =
  <Args extends readonly unknown[], Result>(when: When): Fault<Args, Result> =>
  ({ number, proceed }) => {
    if (when(number)) proceed();
    return proceed();
  };

/** The bytes come with one bit flipped in the middle of the first chunk: `SnapshotStorage.read`, `StateMachine.snapshotSave`. */
export const damaged =
  <Args extends readonly unknown[]>(when: When): Fault<Args, AsyncIterable<Uint8Array>> =>
  ({ number, proceed }) =>
    when(number) ? flipped(proceed()) : proceed();

/** The clock runs `rate` times as fast from where it is first asked. */
export const drifting = (rate: number): Fault<[], number> => {
  let began: number | undefined;
  return ({ proceed }) => {
    const now = proceed();
    began ??= now;
    return began + (now - began) * rate;
  };
};

async function* flipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let hit = false;
  for await (const chunk of chunks) {
    const mine = chunk.slice();
    if (!hit && mine.length > 0) {
      const middle = mine.length >> 1;
      mine[middle] = (mine[middle] as number) ^ 1;
      hit = true;
    }
    yield mine;
  }
}
