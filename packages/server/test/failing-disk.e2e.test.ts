import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import { afterEach, describe, expect, it } from "vitest";
import { ThreeNodes } from "./support/three-nodes.js";
import { Volume, type VolumeKind } from "./support/volume.js";

const trial = mkdtempSync(join(tmpdir(), "hexraft-volumes-"));
const kinds = Volume.possible(trial);
rmSync(trial, { recursive: true });

let cluster: ThreeNodes;
let volumes: Map<string, Volume>;
async function startOn(kind: VolumeKind): Promise<void> {
  cluster = new ThreeNodes();
  volumes = new Map(cluster.ids.map((id) => [id, Volume.make(kind, join(cluster.workshop.directory, id))]));
  await cluster.start();
}
afterEach(async () => {
  await Promise.all(cluster.ids.map((id) => cluster.of(id).process.signal("SIGKILL")));
  for (const volume of volumes.values()) volume.remove();
  await cluster.stop();
});

/** Writes until told to stop; only what was acknowledged counts. */
class Writer {
  readonly acknowledged: string[] = [];
  private readonly client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 20_000 });
  private stopped = false;
  private readonly done: Promise<void>;

  constructor() {
    this.done = this.work();
  }

  private async work(): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const key = `k${i}`;
      const ok = await this.client.put(key, `${key} `.repeat(2_000)).catch(() => false);
      if (ok) this.acknowledged.push(key);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  /** Those acknowledged writes that nobody can read any more, or that read otherwise. */
  async missing(): Promise<readonly string[]> {
    const missing: string[] = [];
    for (const key of this.acknowledged) {
      const value = await this.client.get(key);
      if (value === null || Buffer.from(value).toString() !== `${key} `.repeat(2_000)) missing.push(key);
    }
    return missing;
  }

  close(): void {
    this.client.close();
  }
}

/** The leader's disk fails under load; the group goes on without it, and has it back once the disk is in order. */
async function loseLeaderTo(
  fail: (volume: Volume, pid: number) => void,
  reason: RegExp,
  mend: (volume: Volume) => void,
) {
  const leader = await cluster.leader();
  const { process } = cluster.of(leader);
  const writer = new Writer();
  await expect.poll(() => writer.acknowledged.length, { timeout: 40_000 }).toBeGreaterThan(20);
  const volume = volumes.get(leader) as Volume;
  fail(volume, process.pid);
  expect([await process.end(), process.error]).toEqual([7, expect.stringMatching(reason)]);
  const others = cluster.ids.filter((id) => id !== leader);
  expect(others).toContain(await cluster.leader(others));
  const before = writer.acknowledged.length;
  await expect.poll(() => writer.acknowledged.length, { timeout: 40_000 }).toBeGreaterThan(before + 20);
  await writer.stop();
  mend(volume);
  await cluster.startOne(leader);
  await cluster.leader();
  await cluster.converged();
  expect(await writer.missing()).toEqual([]);
  writer.close();
}

describe("a disk that fails", () => {
  it.each(kinds)(
    "L04 L05 R16 full (%s): its node ends with exit code 7, the others go on, and with room again nothing acknowledged is missing",
    async (kind) => {
      await startOn(kind);
      await loseLeaderTo(
        (volume, pid) => volume.fill(pid),
        /could not be written: (?:ENOSPC|EFBIG)/,
        (volume) => volume.heal(),
      );
    },
  );

  // Where nothing may be mounted a host's refusal is made up in packages/storage-file/test/log/faults.test.ts alone.
  if (!kinds.includes("ext4")) {
    console.warn("no ext4 can be mounted here: a disk that turns read-only under a running node is not tried");
    return;
  }
  it("L04 R16 turned read-only by the kernel: its node ends with exit code 7, and comes back with everything after a repair", async () => {
    await startOn("ext4");
    await loseLeaderTo(
      (volume) => volume.turnReadOnly(),
      /could not be written: (?:EROFS|EIO)/,
      (volume) => volume.repair(),
    );
  });
});
