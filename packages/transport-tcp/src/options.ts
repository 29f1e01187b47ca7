import { formatAddress, isLoopback, isWildcard, parseAddress } from "./address.js";
import { badOption as bad } from "./bad-option.js";
import { type ResolvedTlsOptions, resolveTlsOptions, type TlsOptions } from "./tls/tls-options.js";

/** How a node listens, and what it allows others. Everything but the host and the port has a default. */
export interface TcpTransportOptions {
  /** Where to listen: a host name or an IP address. */
  readonly host: string;
  /** Where to listen; 0 takes a free port, which `address` then names. 0 … 65,535. */
  readonly port: number;
  /** `host:port` under which others reach this node, if that is not where it listens. Needed for a wildcard host. */
  readonly advertise?: string;
  /** T03: encrypts every connection, and lets in only who proves to be a member. */
  readonly tls?: TlsOptions;
  /**
   * Allows to listen and to dial beyond this machine without encryption: whoever reaches the port, or reads the network,
   * then reads and writes everything. Default false.
   */
  readonly plaintext?: boolean;
  /**
   * Who of the cluster may come in: `members`, the nodes in the book of a group here and those that one of these vouches
   * for, or `cluster`, anyone that names the cluster. Default `members` with `tls`, and `cluster` without, where a name
   * proves nothing.
   */
  readonly admit?: Admit;
  /** T03: a connection of a node that is a member no more is closed after this time: its last messages may matter. Default 5,000 ms. */
  readonly leaverGraceMs?: number;
  /** T05: most messages that wait for one peer. A quarter more is kept free for small ones. Default 4,096. */
  readonly queueMessagesMax?: number;
  /** T05: most bytes that wait for one peer; one message always fits. Default 32 MiB. */
  readonly queueBytesMax?: number;
  /** Most connections from others. Default 1,024. */
  readonly connectionsMax?: number;
  /** Most of them that have not said who they are; one more pushes out the oldest. Default 64. */
  readonly handshakesMax?: number;
  /** Within this time a connection is made and both sides know each other, or it is given up. Default 3,000 ms. */
  readonly handshakeTimeoutMs?: number;
  /** T04: the first wait before dialling again; it doubles up to the next one. Default 25 ms. */
  readonly reconnectMinMs?: number;
  /** T04: the longest wait before dialling again. Default 2,000 ms. */
  readonly reconnectMaxMs?: number;
  /** How often a peer is asked whether it is still there. Default 1,000 ms. */
  readonly pingIntervalMs?: number;
  /** A connection without a byte for this long is given up: its other side may be gone without a word. Default 5,000 ms. */
  readonly silenceMaxMs?: number;
  /** A snapshot stream without progress for this long is given up. Default 30,000 ms. */
  readonly streamStallMs?: number;
}

/** Who of the cluster may come in. */
export type Admit = "members" | "cluster";

/** All options, checked. */
export type ResolvedTcpOptions = Required<Omit<TcpTransportOptions, "advertise" | "tls">> & {
  readonly advertise: string | undefined;
  readonly tls: ResolvedTlsOptions | undefined;
};

const DEFAULTS = {
  queueMessagesMax: 4_096,
  queueBytesMax: 32 * 1024 * 1024, // eight windows of the default size
  connectionsMax: 1_024,
  handshakesMax: 64,
  handshakeTimeoutMs: 3_000,
  reconnectMinMs: 25, // a peer that restarts at once is back within a few tries
  reconnectMaxMs: 2_000,
  pingIntervalMs: 1_000,
  silenceMaxMs: 5_000, // four pings may be lost in a pause of either process
  streamStallMs: 30_000,
  leaverGraceMs: 5_000,
};
const LIMITS: Readonly<Record<keyof typeof DEFAULTS, readonly [low: number, high: number]>> = {
  queueMessagesMax: [8, 1_000_000],
  queueBytesMax: [64 * 1024, 2 ** 32],
  connectionsMax: [1, 65_535],
  handshakesMax: [1, 65_535],
  handshakeTimeoutMs: [10, 600_000],
  reconnectMinMs: [1, 60_000],
  reconnectMaxMs: [1, 600_000],
  pingIntervalMs: [10, 600_000],
  silenceMaxMs: [20, 3_600_000],
  streamStallMs: [20, 3_600_000],
  leaverGraceMs: [0, 600_000],
};
const OTHERS = new Set(["host", "port", "advertise", "tls", "plaintext", "admit"]);

/**
 * Fills in the defaults and checks every option (O05).
 *
 * @throws RaftError `BadOption`, naming the field, its value and the rule it breaks.
 */
export function resolveTcpOptions(given: TcpTransportOptions): ResolvedTcpOptions {
  for (const field of Object.keys(given))
    if (!(field in DEFAULTS) && !OTHERS.has(field))
      throw bad(field, (given as unknown as Record<string, unknown>)[field], "is not an option of the TCP transport");
  const where = resolveAddress(given);
  const security = resolveSecurity(given);
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: ResolvedTcpOptions = {
    ...DEFAULTS,
    ...(defined as typeof given),
    ...where,
    ...security,
  };
  for (const [field, [low, high]] of Object.entries(LIMITS) as [keyof typeof DEFAULTS, readonly [number, number]][]) {
    const value = options[field];
    if (!Number.isInteger(value) || value < low || value > high)
      throw bad(field, value, `must be a whole number from ${low} to ${high}`);
  }
  if (options.reconnectMaxMs < options.reconnectMinMs)
    throw bad("reconnectMaxMs", options.reconnectMaxMs, `must be at least reconnectMinMs (${options.reconnectMinMs})`);
  if (options.silenceMaxMs < 2 * options.pingIntervalMs)
    throw bad(
      "silenceMaxMs",
      options.silenceMaxMs,
      `must be at least twice pingIntervalMs (${options.pingIntervalMs})`,
    );
  return options;
}

function resolveAddress({ host, port, advertise }: TcpTransportOptions) {
  if (typeof host !== "string" || parseAddress(formatAddress(host, 1)) === undefined)
    throw bad("host", host, "must be a host name or an IP address");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw bad("port", port, "must be a whole number from 0 to 65535");
  if (advertise !== undefined && parseAddress(advertise) === undefined)
    throw bad("advertise", advertise, "must be host:port");
  if (advertise === undefined && isWildcard(host))
    throw bad("advertise", advertise, `must be given, as others cannot dial the wildcard host ${host}`);
  return { host, port, advertise };
}

/** T03: what nobody said is the safer choice. */
function resolveSecurity(given: TcpTransportOptions) {
  const { host, plaintext = false } = given;
  const tls = given.tls === undefined ? undefined : resolveTlsOptions(given.tls);
  const { admit = tls === undefined ? "cluster" : "members" } = given;
  if (typeof plaintext !== "boolean") throw bad("plaintext", plaintext, "must be true or false");
  if (plaintext && tls !== undefined) throw bad("plaintext", plaintext, "must not be given beside tls");
  if (tls === undefined && !plaintext && !isLoopback(host))
    throw bad(
      "host",
      host,
      "must be of this machine alone (127.0.0.1, ::1, localhost) unless tls or plaintext is given",
    );
  if (admit !== "members" && admit !== "cluster") throw bad("admit", admit, "must be members or cluster");
  return { tls, plaintext, admit };
}
