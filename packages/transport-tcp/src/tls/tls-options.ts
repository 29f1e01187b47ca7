import { badOption } from "../bad-option.js";

/**
 * T03: connections are encrypted, and both sides prove who they are by certificates of an authority that the cluster has
 * for itself. A node's certificate names it by the URI `urn:hexraft:node:<node id>` among its subject alternative names;
 * `hexraft certs` makes such for a trial.
 */
export interface TlsOptions {
  /** PEM file with the certificates of the authorities that are believed; two while one follows the other. */
  readonly caFile: string;
  /** PEM file with this node's certificate, and those between it and the authority. */
  readonly certificateFile: string;
  /** PEM file with the key of this node's certificate. */
  readonly keyFile: string;
  /** How often the files are looked at; what was renewed counts from then on, without a restart. ms, default 10,000. */
  readonly renewIntervalMs?: number;
}

/** The same, checked. */
export type ResolvedTlsOptions = Required<TlsOptions>;

const FILES = ["caFile", "certificateFile", "keyFile"] as const;
const RENEW_INTERVAL_MS = { low: 10, usual: 10_000, high: 86_400_000 } as const;

/** @throws RaftError `BadOption`, naming the field, its value and the rule it breaks (O05). */
export function resolveTlsOptions(given: TlsOptions): ResolvedTlsOptions {
  if (typeof given !== "object" || given === null)
    throw badOption("tls", given, `must be an object with ${FILES.join(", ")}`);
  const known: readonly string[] = [...FILES, "renewIntervalMs"];
  for (const [field, value] of Object.entries(given))
    if (!known.includes(field)) throw badOption(`tls.${field}`, value, `is no field; known are ${known.join(", ")}`);
  for (const field of FILES)
    if (typeof given[field] !== "string" || given[field] === "")
      throw badOption(`tls.${field}`, given[field], "must be the path of a PEM file");
  const { low, usual, high } = RENEW_INTERVAL_MS;
  const { renewIntervalMs = usual } = given;
  if (!Number.isInteger(renewIntervalMs) || renewIntervalMs < low || renewIntervalMs > high)
    throw badOption("tls.renewIntervalMs", renewIntervalMs, `must be a whole number from ${low} to ${high}`);
  return { ...given, renewIntervalMs };
}
