import type { Book, Pen } from "./book.js";
import type { Segment } from "./segment.js";
import type { LogOwner } from "./segment-header.js";

/** A log's first file is not laid out, so that it opens at once; when it has grown so far the next one is. */
const LAY_OUT_AFTER_BYTES = 1024 * 1024;

/** The segment after the active one: it is there before it is needed, and its blocks too, so that a roll waits for nothing (L06). */
export class NextSegment {
  private layingOut = false;

  constructor(
    private readonly pen: Pen,
    private readonly book: Pick<Book, "active">,
    /** Asked for each new segment: the cluster may have been adopted meanwhile. */
    private readonly owner: () => LogOwner,
    private made: Segment | undefined,
  ) {}

  /** It, if it was made already. */
  get segment(): Segment | undefined {
    return this.made;
  }

  /** One that grows ends as soon as one is there that does not have to. */
  get isBetterReady(): boolean {
    const { made, book, pen } = this;
    return made !== undefined && pen.files.wantsLayingOut(book.active) && !pen.files.wantsLayingOut(made);
  }

  /** Makes it in the background, unless it is there. */
  prepare(): void {
    this.pen.inBackground(async () => {
      this.made ??= await this.pen.files.create(this.book.active.number + 1, this.owner());
    });
  }

  /** It is the active one now, and another one follows. */
  taken(): void {
    this.made = undefined;
    this.prepare();
  }

  /** Early enough to be ready in time, and not before: a log that hardly grows holds no disk space for later. */
  layOut(goOn: () => boolean): void {
    const { made, book } = this;
    const { files } = this.pen;
    const half = files.segmentBytesMax / 2;
    const isTime = book.active.end >= (files.wantsLayingOut(book.active) ? Math.min(half, LAY_OUT_AFTER_BYTES) : half);
    if (this.layingOut || made === undefined || !isTime || !files.wantsLayingOut(made)) return;
    this.layingOut = true;
    this.pen.inBackground(() =>
      files
        .layOut(made, () => goOn() && made === this.made)
        .finally(() => {
          this.layingOut = false;
        }),
    );
  }

  /** Gives its file back. */
  close(): void {
    this.made?.close();
  }
}
