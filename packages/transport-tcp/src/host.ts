import type { Checksum, Logger, RandomSource, TransportIdentity } from "@hexraft/core/ports";
import type { StartNumbers } from "./link/start-numbers.js";
import type { ResolvedTcpOptions } from "./options.js";
import type { RefusalLog } from "./refusal-log.js";
import type { Sockets } from "./sockets.js";
import type { Versions } from "./wire/handshake.js";

/** What every part of the transport shares. */
export interface Host {
  readonly options: ResolvedTcpOptions;
  readonly sockets: Sockets;
  readonly checksum: Checksum;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly refusals: RefusalLog;
  readonly counters: Counters;
  readonly startNumbers: StartNumbers;
  /** T09: the versions of the protocol that this release speaks. */
  readonly versions: Versions;
  /** Who this node is at the moment: a claim gives it a cluster. */
  readonly local: () => TransportIdentity;
}

/** What happened since the start (O01). */
export interface Counters {
  /** Messages written to a socket. */
  messagesSent: number;
  /** Messages handed to a group. */
  messagesReceived: number;
  /** T05: messages not taken, as the peer is unknown, away, or its queue is full. */
  messagesDropped: number;
  /** Messages of a group that is not here. */
  messagesWithoutGroup: number;
  /** T01: connections closed for a frame that cannot be right. */
  badFrames: number;
  /** T02: connections this node refused. */
  refused: number;
  /** Connections pushed out or turned away, as there were too many. */
  turnedAway: number;
}

/** All zero. */
export const newCounters = (): Counters => ({
  messagesSent: 0,
  messagesReceived: 0,
  messagesDropped: 0,
  messagesWithoutGroup: 0,
  badFrames: 0,
  refused: 0,
  turnedAway: 0,
});

const silence = (): void => {};
/** Used when no Logger is bound. */
export const SILENT_LOGGER: Logger = { debug: silence, info: silence, warn: silence, error: silence };
