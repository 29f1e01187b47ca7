import { badField } from "./bad-field.js";

/** What one client may cost, whatever the door. */
export interface DoorBounds {
  /** Most connections of a door at once. */
  readonly connectionsMax: number;
  /** Most of them from one address. */
  readonly connectionsPerAddressMax: number;
  /** Most requests of one connection per second; as many may come at once after a second's rest. */
  readonly requestsPerSecondMax: number;
  /** Largest request, bytes: the body over HTTP, all arguments over the Redis protocol, a command of a client. */
  readonly requestBytesMax: number;
  /** How long a connection may take to say who it is, or what it wants: a hello, a login, the head of a request. ms. */
  readonly greetingTimeoutMs: number;
  /** How long a request may take to arrive once it has begun, ms. */
  readonly arrivalTimeoutMs: number;
  /** A connection that asks nothing for so long is closed, ms. */
  readonly idleTimeoutMs: number;
  /** F08: most backups that are read from a node at once, over HTTP. */
  readonly backupsMax: number;
}

/** Starting values: no honest client notices them. */
export const DEFAULT_DOOR_BOUNDS: DoorBounds = {
  connectionsMax: 10_000,
  connectionsPerAddressMax: 4_096,
  requestsPerSecondMax: 1_000_000,
  requestBytesMax: 12 * 1024 * 1024,
  greetingTimeoutMs: 10_000,
  arrivalTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  backupsMax: 2,
};

const RANGES: Readonly<Record<keyof DoorBounds, readonly [low: number, high: number]>> = {
  connectionsMax: [1, 1_000_000],
  connectionsPerAddressMax: [1, 1_000_000],
  requestsPerSecondMax: [1, 1_000_000_000],
  requestBytesMax: [1_024, 16 * 1024 * 1024],
  greetingTimeoutMs: [10, 3_600_000],
  arrivalTimeoutMs: [10, 3_600_000],
  idleTimeoutMs: [10, 86_400_000],
  backupsMax: [1, 64],
};

/** Fills in the defaults. @throws RaftError `BadOption`, naming field, value and rule (O05). */
export function resolveDoorBounds(given: Readonly<Record<string, unknown>>): DoorBounds {
  for (const [field, value] of Object.entries(given)) {
    const range = (RANGES as Readonly<Record<string, (typeof RANGES)[keyof DoorBounds] | undefined>>)[field];
    if (range === undefined)
      throw badField(
        `doors.${field}`,
        value,
        `is not a bound of the doors; known are ${Object.keys(RANGES).join(", ")}`,
      );
    const [low, high] = range;
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
      throw badField(`doors.${field}`, value, `must be a whole number from ${low} to ${high}`);
  }
  return { ...DEFAULT_DOOR_BOUNDS, ...given };
}
