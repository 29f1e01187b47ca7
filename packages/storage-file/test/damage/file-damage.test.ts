import { beforeAll, describe, expect, it } from "vitest";
import { JournalDisk } from "../crash-points/journal-disk.js";
import { OPEN } from "../support/host.js";
import { type Damage, damagedImage, everyDamage } from "./damage.js";
import { DamagedReplica } from "./damaged-replica.js";
import { LOG, SNAPSHOTS, storagesOver, streamOf } from "./replica.js";

let replica: DamagedReplica;
beforeAll(async () => {
  replica = await DamagedReplica.make();
});

/** Opens log and snapshots, reads what is listed, and says what was wrong; `undefined` if all listed is whole, or told of. */
async function misjudged(path: string, damage: Damage): Promise<string | undefined> {
  const { log, snapshots } = storagesOver(new JournalDisk(damagedImage(replica.intact, path, damage)));
  await log.open(OPEN);
  try {
    const listed = await snapshots.open();
    for (const meta of listed) {
      const parts: Uint8Array[] = [];
      for await (const part of snapshots.read(meta, 0)) parts.push(part);
      if (!Buffer.concat(parts).equals(streamOf(meta.id.index))) return "a snapshot was read that was never saved";
    }
    if (listed.length === 2) return undefined;
    const told = (snapshots.describe()["damaged"] as string[]).join();
    return listed.length === 1 && told.includes(`${path} is damaged at bytes `) ? undefined : `told is "${told}"`;
  } catch (error) {
    // A version that nobody knows is refused, and not set aside.
    return String(error).includes(`${path} has format`) ? undefined : String(error);
  }
}

describe("damaged small files and snapshots", () => {
  it.each(["/data/identity", "/data/main/replica"])(
    "L03 L12 any flipped bit, lost block or cut of %s is refused with file and range",
    async (path) => {
      expect(replica.bytesOf(path)).toHaveLength(256);
      expect(await replica.everywhere(path)).toEqual([]);
    },
  );

  it("L03 the mark proves much, but nothing rests on it: any damage to it costs nothing", async () => {
    expect(await replica.everywhere(`${LOG}/mark`)).toEqual([]);
  });

  it.each([50, 90])(
    "S09 any flipped bit, lost block or cut of snapshot %i sets it aside and says where, and the other one is there",
    async (index) => {
      const path = `${SNAPSHOTS}/${index}-2.snap`;
      const wrong: string[] = [];
      for (const damage of everyDamage(replica.bytesOf(path).length)) {
        const found = await misjudged(path, damage);
        if (found !== undefined) wrong.push(`at ${damage.at}: ${found}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
