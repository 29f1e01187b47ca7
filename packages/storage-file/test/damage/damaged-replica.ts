import { type OpenedLog, RaftError } from "@hexraft/core/ports";
import { type DiskImage, JournalDisk } from "../crash-points/journal-disk.js";
import { contentOf, OPEN } from "../support/host.js";
import { type Damage, damagedImage, everyDamage } from "./damage.js";
import { intactReplica, LAST, storagesOver } from "./replica.js";

/** What a replica says of itself each time; start number and cut are another matter. */
type Lasting = Omit<OpenedLog, "startNumber" | "cut">;

/** A replica whose files go wrong one at a time, and what it said while they were right. */
export class DamagedReplica {
  private constructor(
    readonly intact: DiskImage,
    readonly whole: Lasting,
    /** Every entry, as `index@term`. */
    readonly content: readonly string[],
  ) {}

  static async make(): Promise<DamagedReplica> {
    const intact = await intactReplica();
    const { log } = storagesOver(new JournalDisk(intact));
    const whole = lasting(await log.open(OPEN));
    return new DamagedReplica(intact, whole, await contentOf(log, 1, LAST));
  }

  get paths(): readonly string[] {
    return [...this.intact.files.keys()];
  }

  bytesOf(path: string): Uint8Array {
    return this.intact.files.get(path) as Uint8Array;
  }

  /** What was wrong with how the replica dealt with a damage; `undefined` if it refused it in the right words, or lost nothing by it. */
  async misjudged(path: string, damage: Damage): Promise<string | undefined> {
    const { log } = storagesOver(new JournalDisk(damagedImage(this.intact, path, damage)));
    try {
      const opened = lasting(await log.open(OPEN));
      for (const field of Object.keys(this.whole) as (keyof Lasting)[])
        if (JSON.stringify(opened[field]) !== JSON.stringify(this.whole[field])) return `${field} was lost in silence`;
      if (!path.endsWith(".seg")) return undefined;
      const found = await contentOf(log, 1, LAST);
      return found.join() === this.content.join() ? undefined : "entries are not what they were";
    } catch (error) {
      return illTold(error, path, damage);
    }
  }

  /** Each damage of a file that was misjudged, in words. */
  async everywhere(path: string): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const damage of everyDamage(this.bytesOf(path).length)) {
      const found = await this.misjudged(path, damage);
      if (found !== undefined) wrong.push(`${path} at ${damage.at}: ${found}`);
    }
    return wrong;
  }
}

function lasting({ startNumber: _start, cut: _cut, ...whole }: OpenedLog): Lasting {
  return whole;
}

/** A refusal names the file, and a range that touches the damage. */
export function illTold(error: unknown, path: string, damage: Damage): string | undefined {
  if (!(error instanceof RaftError) || !["Damaged", "FormatUnknown"].includes(error.code)) return String(error);
  const { file, offset, length } = error.details as { file: string; offset: number; length: number };
  if (file !== path) return `${file} is named instead: ${error.message}`;
  const touches = offset < damage.at + damage.length && damage.at < offset + length;
  return touches ? undefined : `${damage.at} is not in the range: ${error.message}`;
}
