import { setTimeout as sleep } from "node:timers/promises";

/** How long each stage of an installation took, s. */
export interface InstallStages {
  /** From the start of the follower's process until it serves. */
  readonly startSeconds: number;
  /** Until the first byte came: the two find each other, the snapshot is offered, its file opened. */
  readonly offerSeconds: number;
  /** Until the last byte came. */
  readonly streamSeconds: number;
  /** Until the file was proved and durable. */
  readonly verifySeconds: number;
  /** Until the state machine holds the state, and the log begins behind it. */
  readonly loadSeconds: number;
}

/** How often the follower is asked how far it is, ms; a stage is known as exactly as that. */
const LOOK_EVERY_MS = 50;

interface Status {
  readonly storage: { readonly snapshots: { readonly receiving: readonly { readonly bytes: number }[] } };
}

/** Watches one installation from outside: what the follower's process says of itself over HTTP, and when. */
export class InstallWatch {
  private readonly beganMs = performance.now();
  private servesMs = 0;
  private firstByteMs = 0;
  private lastByteMs = 0;
  private verifiedMs = 0;
  private heldBytes = 0;
  private over = false;

  /** @param onProgress - hears how many bytes are there, whenever there are more. */
  constructor(private readonly onProgress: (bytes: number) => void) {}

  /** The process serves; its HTTP door is there, `host:port`. */
  serves(http: string): void {
    this.servesMs = performance.now();
    void this.look(`http://${http}/v1/status`);
  }

  /** The state is loaded: no more questions. */
  end(): InstallStages {
    this.over = true;
    const endedMs = performance.now();
    const marks = [this.beganMs, this.servesMs, this.firstByteMs, this.lastByteMs, this.verifiedMs, endedMs];
    const seconds = marks.slice(1).map((mark, i) => Math.round(mark - (marks[i] as number)) / 1_000);
    const [startSeconds, offerSeconds, streamSeconds, verifySeconds, loadSeconds] = seconds as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { startSeconds, offerSeconds, streamSeconds, verifySeconds, loadSeconds };
  }

  private async look(url: string): Promise<void> {
    while (!this.over) {
      await this.note(url).catch(() => {}); // it is busy, or ends: asked again, or no more
      await sleep(LOOK_EVERY_MS);
    }
  }

  private async note(url: string): Promise<void> {
    const { storage } = (await (await fetch(url)).json()) as Status;
    const now = performance.now();
    const bytes = storage.snapshots.receiving[0]?.bytes;
    if (bytes === undefined) {
      if (this.heldBytes > 0 && this.verifiedMs < this.lastByteMs) this.verifiedMs = now;
    } else if (bytes > this.heldBytes) {
      if (this.heldBytes === 0) this.firstByteMs = now;
      this.heldBytes = bytes;
      this.lastByteMs = now;
      this.onProgress(bytes);
    }
  }
}
