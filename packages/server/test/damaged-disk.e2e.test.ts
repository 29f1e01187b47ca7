import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import { afterEach, describe, expect, it } from "vitest";
import { ThreeNodes, until } from "./support/three-nodes.js";

let cluster: ThreeNodes;
afterEach(() => cluster.stop());

const firstSegmentOf = (id: string): string =>
  join(cluster.workshop.directory, id, "main", "log", `${"1".padStart(16, "0")}.seg`);
const inspect = async (id: string): Promise<{ readonly code: number | string; readonly out: string }> => {
  const process = cluster.workshop.run("inspect", join(cluster.workshop.directory, id));
  return { code: await process.end(), out: process.out + process.error };
};

/** Writes until every node has closed its first segment: 1 MiB, and the next file laid out. */
async function fill(): Promise<void> {
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 30_000 });
  // A closed segment ends with its foot, and that with 32 bytes that begin with these (docs/FORMAT.md).
  const isClosed = (id: string): boolean => readFileSync(firstSegmentOf(id)).subarray(-32, -28).toString() === "HXFT";
  let written = 0;
  await until(
    "a closed segment everywhere",
    async () => {
      for (let i = 0; i < 40; i++) await client.put(`k${written++}`, "x".repeat(8_000));
      return cluster.ids.every(isClosed) ? true : undefined;
    },
    90_000,
  );
  client.close();
}

/** Turns one bit over in the middle of what the first, closed segment holds. */
function rot(id: string): void {
  const path = firstSegmentOf(id);
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle);
  writeFileSync(path, bytes);
}

/** Stops a node, lets its disk rot, and starts it again: it must be whole in the end, by its state and by its files. */
async function rotAndHeal(id: string): Promise<void> {
  await cluster.of(id).process.signal("SIGTERM");
  rot(id);
  expect(await inspect(id)).toMatchObject({ code: 6, out: expect.stringContaining("DAMAGED") });
  await cluster.startOne(id);
  await cluster.leader();
  const { index, hash } = await cluster.converged();
  expect([index > 0, hash.length > 0]).toEqual([true, true]);
  await cluster.of(id).process.signal("SIGTERM");
  expect(await inspect(id)).toMatchObject({ code: 0, out: expect.stringContaining("nothing is damaged") });
  await cluster.startOne(id);
}

describe("a disk that rots", () => {
  it("L03 O08 a bit of a closed segment, a follower's and then the leader's: the others give back what was lost", async () => {
    cluster = await new ThreeNodes().start();
    await fill();
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) as string;
    await rotAndHeal(follower);
    await rotAndHeal(await cluster.leader());
    const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 30_000 });
    expect((await client.get("k0"))?.length).toBe(8_000);
    client.close();
    await cluster.converged();
  }, 240_000);
});
