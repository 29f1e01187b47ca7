import type { Socket } from "node:net";
import type { LinkConditions } from "./link-conditions.js";

/** What one way of a connection may hold back, bytes; beyond it its sender is not read. */
const HELD_BYTES_MAX = 1024 * 1024;
/** A narrow link lets pass what it can in this time, and then again. ms. */
const PORTION_MS = 20;

interface Piece {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

/** What the way is like, looked up anew for each piece; and what is done when a piece is lost. */
export interface OneWayOwner {
  /** How bytes fare now. */
  conditions(): LinkConditions;
  /** Draws from [0, 1). */
  random(): number;
  /** A piece was lost: the connection ends here. */
  reset(): void;
}

/** One way of one connection. What comes in leaves in order, as late, as slowly and as surely as the conditions say. */
export class OneWay {
  private readonly held: Piece[] = [];
  private heldBytes = 0;
  /** When a narrow link has room again. */
  private freeAt = 0;
  private lastDueAt = 0;
  private timer: NodeJS.Timeout | undefined;
  /** How the sender ended; passed on behind what it sent. */
  private ended: "no" | "half" | "whole" = "no";

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly owner: OneWayOwner,
  ) {
    from.on("data", (chunk: Buffer) => this.take(chunk));
    from.on("end", () => this.end("half"));
    from.on("close", () => this.end("whole"));
    to.on("drain", () => this.advance());
  }

  /** Takes bytes that the sender sent. */
  take(bytes: Buffer): void {
    const { delayMs, jitterMs, resetChance } = this.owner.conditions();
    if (resetChance > 0 && this.owner.random() < resetChance) {
      this.owner.reset();
      return;
    }
    const late = jitterMs > 0 ? delayMs + this.owner.random() * jitterMs : delayMs;
    this.lastDueAt = Math.max(this.lastDueAt, performance.now() + late);
    this.held.push({ bytes, dueAt: this.lastDueAt });
    this.heldBytes += bytes.length;
    this.advance();
    if (this.heldBytes > HELD_BYTES_MAX) this.from.pause();
  }

  /** Lets pass what may pass now. To be called when the conditions have changed. */
  advance(): void {
    clearTimeout(this.timer);
    for (let piece = this.held[0]; piece !== undefined; piece = this.held[0]) {
      const { passage, bytesPerSecond } = this.owner.conditions();
      if (passage !== "open" || this.to.writableNeedDrain) return;
      const now = performance.now();
      const waitMs = Math.max(piece.dueAt, this.freeAt) - now;
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.advance(), waitMs);
        return;
      }
      const portion = Math.max(1, Math.floor((bytesPerSecond * PORTION_MS) / 1_000));
      const passing = piece.bytes.subarray(0, portion);
      const rest = piece.bytes.subarray(passing.length);
      if (rest.length === 0) this.held.shift();
      else this.held[0] = { bytes: rest, dueAt: piece.dueAt };
      this.freeAt = now + (passing.length / bytesPerSecond) * 1_000;
      this.heldBytes -= passing.length;
      if (this.heldBytes <= HELD_BYTES_MAX && this.from.isPaused()) this.from.resume();
      if (this.to.writable) this.to.write(passing);
    }
    this.passEndOn();
  }

  /** Nothing passes any more, and nothing waits. */
  stop(): void {
    clearTimeout(this.timer);
    this.held.length = 0;
  }

  private end(how: "half" | "whole"): void {
    if (this.ended === "whole" || this.ended === how) return;
    this.ended = how;
    this.advance();
  }

  private passEndOn(): void {
    if (this.ended === "no" || this.owner.conditions().passage !== "open") return;
    if (this.ended === "half") this.to.end();
    else this.to.destroySoon();
  }
}
