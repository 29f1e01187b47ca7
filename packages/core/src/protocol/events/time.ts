import type { Millis } from "../../model/log-id.js";

/** The timers that the protocol has. */
export type TimerName = "election" | "heartbeat" | "snapshot" | "request" | "transfer" | "repair";

/** A timer ran out. One that was re-armed or disarmed meanwhile is known by its generation. */
export interface TimerFired {
  /** Discriminator. */
  readonly type: "TimerFired";
  /** Which timer. */
  readonly timer: TimerName;
  /** Tells this life of the timer from its earlier ones. */
  readonly generation: number;
  /** The duration that was drawn. */
  readonly drawnMs: Millis;
}

/** E24, Q05: this process or its host stood still; what comes after this waited meanwhile. */
export interface EventLoopPaused {
  /** Discriminator. */
  readonly type: "EventLoopPaused";
  /** For how long, ms. */
  readonly forMs: Millis;
}

/** All that was queued for this turn has been stepped (R08: news of a commit goes out now). */
export interface TurnEnded {
  /** Discriminator. */
  readonly type: "TurnEnded";
}

/** G02: the process says that the group's rest is over. */
export interface Woken {
  /** Discriminator. */
  readonly type: "Woken";
  /** When the process that it rested with was last heard; monotonic, ms. */
  readonly contactAt: Millis;
}
