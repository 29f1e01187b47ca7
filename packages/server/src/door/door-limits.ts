/** Bounds of the client door. */
export interface DoorLimits {
  /** Most clients at once. */
  readonly connectionsMax: number;
  /** Most requests of one client under way; the rest stays in its socket. */
  readonly inFlightMax: number;
  /** Answers that a client does not read, bytes; beyond it nothing more is read from it. */
  readonly unreadBytesMax: number;
  /** A connection that does not say hello is closed after this time, ms. */
  readonly helloTimeoutMs: number;
}

/** Starting values. */
export const DEFAULT_DOOR_LIMITS: DoorLimits = {
  connectionsMax: 10_000,
  inFlightMax: 65_536,
  unreadBytesMax: 64 * 1024 * 1024,
  helloTimeoutMs: 5_000,
};
