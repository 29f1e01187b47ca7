import { DEFAULT_DOOR_BOUNDS, type DoorBounds } from "../serve/door-bounds.js";

/** Bounds of the client door. */
export interface DoorLimits extends DoorBounds {
  /** Most requests of one client under way; the rest stays in its socket. */
  readonly inFlightMax: number;
  /** Answers that a client does not read, bytes; beyond it nothing more is read from it. */
  readonly unreadBytesMax: number;
}

/** Starting values. */
export const DEFAULT_DOOR_LIMITS: DoorLimits = {
  ...DEFAULT_DOOR_BOUNDS,
  inFlightMax: 65_536,
  unreadBytesMax: 64 * 1024 * 1024,
};
