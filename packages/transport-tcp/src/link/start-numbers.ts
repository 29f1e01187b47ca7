import type { DirectoryId, StartNumber } from "@hexraft/core/ports";

/** Most directories that are remembered; the one not seen for longest goes first. */
const DIRECTORIES_MAX = 4_096;

/**
 * T11: the highest start number seen of each directory. A process that was paused, or a machine restored from an older
 * backup, comes back with a lower one: what it says was decided before its later life promised otherwise.
 */
export class StartNumbers {
  private readonly highest = new Map<DirectoryId, StartNumber>();

  /** The highest one seen of that directory; 0 if none was. */
  of(directory: DirectoryId): StartNumber {
    return this.highest.get(directory) ?? 0;
  }

  /** Remembers a start that was let in. */
  note(directory: DirectoryId, startNumber: StartNumber): void {
    const highest = Math.max(startNumber, this.of(directory));
    this.highest.delete(directory);
    this.highest.set(directory, highest);
    if (this.highest.size > DIRECTORIES_MAX) {
      const [oldest] = this.highest.keys();
      if (oldest !== undefined) this.highest.delete(oldest);
    }
  }
}
