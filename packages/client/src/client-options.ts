import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { isName, RaftError } from "@hexraft/core/ports";
import { type Credentials, layOutHello } from "./door-frames.js";

/** Where one node's client door listens (`hexraft serve --client`). */
export interface Endpoint {
  /** Name or address of the machine. */
  readonly host: string;
  /** Port, 1 … 65,535. */
  readonly port: number;
}

/** Whom a client believes to be a node. */
export interface ClientTlsOptions {
  /**
   * PEM file with the authorities that are believed; read when the client is made. A certificate has to name a node of a cluster
   * (`hexraft certs`), or else the host that was dialled.
   */
  readonly caFile: string;
}

/** Options of {@link HexraftClient} and {@link ServiceClient}; everything but the endpoints has a default. */
export interface ClientOptions {
  /** The client doors of all nodes, in any order; the client finds the leader among them. At least one. */
  readonly endpoints: readonly Endpoint[];
  /** Who this client is, where nodes ask for it. Without `tls` it is sent as it is: use that on loopback, or where the network is encrypted. */
  readonly credentials?: Credentials;
  /** Encrypts, where the doors do (`hexraft serve --door-cert`), and talks to nobody whose certificate the authority did not sign. */
  readonly tls?: ClientTlsOptions;
  /** The group that is meant, where nodes serve several (`hexraft serve --split-at`; see `keyRanges`). Default: the only one. */
  readonly group?: string;
  /**
   * C03: whether commands go under the numbers of a session, so that one whose answer is lost is sent again and executes
   * once all the same. Without, it ends *unknown*. Default true; where the nodes have no sessions it changes nothing.
   */
  readonly sessions?: boolean;
  /** How long an operation may take unless the call says otherwise, ms. Default 5,000. */
  readonly deadlineMs?: number;
  /** Most operations under way at once; beyond it they are refused with `Overloaded`. Default 65,536. */
  readonly inFlightMax?: number;
  /** Most bytes of operations under way; beyond it they are refused with `Overloaded`. Default 64 MiB. */
  readonly inFlightBytesMax?: number;
  /**
   * How long a connection may take to say hello, and be silent while reads and commands in a session wait for it; then another
   * node is asked, and this one for as long not again, ms. Default 1,000.
   */
  readonly connectTimeoutMs?: number;
  /** First pause before another node is tried, ms; it doubles with each failure, with jitter. Default 10. */
  readonly backoffMs?: number;
  /** Longest such pause, ms. Default 500. */
  readonly backoffMaxMs?: number;
}

/** Options with the defaults filled in. */
export interface ResolvedClientOptions extends Required<Omit<ClientOptions, "credentials" | "tls" | "group">> {
  /** The group that is meant; undefined: the only one. */
  readonly group: string | undefined;
  /** The authorities that are believed, PEM; undefined: nothing is encrypted. */
  readonly authorities: string | undefined;
  /** What is said first. A function, so that whoever prints a client does not print its password. */
  readonly hello: () => Buffer;
}

const DEFAULTS = {
  sessions: true,
  deadlineMs: 5_000, // an election among nodes far apart, twice
  inFlightMax: 65_536,
  inFlightBytesMax: 64 * 1024 * 1024,
  connectTimeoutMs: 1_000,
  backoffMs: 10, // elections on one host take 150 ms: do not sleep through their end
  backoffMaxMs: 500,
} satisfies Omit<ResolvedClientOptions, "endpoints" | "hello" | "authorities" | "group">;

type Range = readonly [field: Exclude<keyof typeof DEFAULTS, "sessions">, low: number, high: number, unit: string];
const RANGES: readonly Range[] = [
  ["deadlineMs", 1, 3_600_000, "ms"],
  ["inFlightMax", 1, 1_000_000, "operations"],
  ["inFlightBytesMax", 1_024, 2 ** 40, "bytes"],
  ["connectTimeoutMs", 1, 600_000, "ms"],
  ["backoffMs", 1, 60_000, "ms"],
  ["backoffMaxMs", 1, 600_000, "ms"],
];

/** Fills in the defaults and checks every option (O05). @throws RaftError `BadOption`. */
export function resolveClientOptions(given: ClientOptions): ResolvedClientOptions {
  if (!Array.isArray(given.endpoints) || given.endpoints.length === 0)
    throw bad("endpoints", given.endpoints, "must name at least one { host, port }");
  for (const endpoint of given.endpoints) {
    const { host, port } = endpoint as Endpoint;
    if (typeof host !== "string" || host === "" || !Number.isInteger(port) || port < 1 || port > 65_535)
      throw bad("endpoints", endpoint, "must be { host, port } with a port from 1 to 65535");
  }
  const { credentials, tls, group, ...others } = given;
  if (credentials !== undefined && !areCredentials(credentials))
    throw bad("credentials", "not shown here", "must be { user, password }, two texts");
  if (group !== undefined && !isName(group)) throw bad("group", group, "must be the name of a group");
  for (const [field, value] of Object.entries(others))
    if (field !== "endpoints" && !(field in DEFAULTS)) throw bad(field, value, "is not an option of a client");
  const defined = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const options: ResolvedClientOptions = {
    ...DEFAULTS,
    ...defined,
    endpoints: given.endpoints,
    group,
    hello: () => layOutHello(credentials, group),
    authorities: tls === undefined ? undefined : authoritiesIn(tls),
  };
  for (const [field, low, high, unit] of RANGES) {
    const value = options[field];
    if (typeof value !== "number" || !(value >= low && value <= high))
      throw bad(field, value, `must be a number from ${low} to ${high} ${unit}`);
  }
  if (typeof options.sessions !== "boolean") throw bad("sessions", options.sessions, "must be true or false");
  if (options.backoffMaxMs < options.backoffMs)
    throw bad("backoffMaxMs", options.backoffMaxMs, `must be at least backoffMs (${options.backoffMs})`);
  return options;
}

function authoritiesIn(tls: ClientTlsOptions): string {
  if (typeof tls !== "object" || tls === null || typeof tls.caFile !== "string" || Object.keys(tls).length !== 1)
    throw bad("tls", tls, "must be { caFile }, the path of a PEM file");
  try {
    const pem = readFileSync(tls.caFile, "utf8");
    createSecureContext({ ca: pem });
    if (!pem.includes("BEGIN CERTIFICATE")) throw new Error("there is none in it");
    return pem;
  } catch (error) {
    throw bad("tls.caFile", tls.caFile, `must hold PEM certificates (${(error as Error).message})`);
  }
}

function areCredentials({ user = "default", password }: Credentials): boolean {
  return typeof user === "string" && user !== "" && typeof password === "string" && password !== "";
}

function bad(field: string, value: unknown, rule: string): RaftError {
  const shown = JSON.stringify(value) ?? String(value);
  return new RaftError("BadOption", "refused", `option ${field} is ${shown}, but it ${rule}`, { field, value, rule });
}
