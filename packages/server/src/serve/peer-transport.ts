import { DEFAULT_OPTIONS } from "@hexraft/core";
import type { TcpTransportOptions } from "@hexraft/transport-tcp";
import type { ServeOptions } from "./serve-options.js";

/**
 * What the transport does by itself fits the default T. Where elections are quicker, so is this: in parts of T, within bounds, ms. A
 * handshake keeps its second: certificates are checked in it, by processes that may just be starting.
 */
const PATIENCE = {
  pingIntervalMs: { timeouts: 1, least: 50, most: 1_000 },
  silenceMaxMs: { timeouts: 5, least: 250, most: 5_000 },
  handshakeTimeoutMs: { timeouts: 3, least: 1_000, most: 3_000 },
  reconnectMaxMs: { timeouts: 2, least: 100, most: 2_000 },
} as const;

/**
 * How peers are talked to. T04, T07: a connection into a void is given up after some election timeouts, and the peer is called
 * anew at that pace: once its links are whole again, a cluster must not wait for TCP's doubling pauses before it has a leader.
 */
export function peerTransportOf({ listen, advertise, plaintext, tls, raft }: ServeOptions): TcpTransportOptions {
  const { electionTimeoutMs } = raft;
  // A wrong one is refused by core, which names it.
  const timeoutMs = Number.isInteger(electionTimeoutMs) ? Number(electionTimeoutMs) : DEFAULT_OPTIONS.electionTimeoutMs;
  const times = Object.entries(PATIENCE).map(
    ([option, { timeouts, least, most }]) => [option, Math.max(least, Math.min(most, timeouts * timeoutMs))] as const,
  );
  return {
    ...listen,
    plaintext,
    ...(advertise !== undefined && { advertise }),
    ...(tls !== undefined && { tls }),
    ...(Object.fromEntries(times) as Record<keyof typeof PATIENCE, number>),
  };
}
