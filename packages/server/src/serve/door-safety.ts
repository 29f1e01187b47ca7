import type { Logger } from "@hexraft/core/ports";
import type { Access } from "../access/access.js";
import { formatAddress, type HostPort, isLoopback } from "./address.js";
import { badField } from "./bad-field.js";
import { type DoorTlsOptions, resolveDoorTls } from "./door-tls.js";

/** Who may use a door, and who may listen to what passes. */
export interface DoorSafety {
  /** File that says who may use the doors; absent: `HEXRAFT_ACCESS` says it, or nobody is asked. */
  readonly access?: string;
  /** Whether the doors may be open to everybody beyond this machine. */
  readonly openDoors: boolean;
  /** What the doors encrypt with; absent: they do not. */
  readonly doorTls?: DoorTlsOptions;
  /** Whether doors beyond this machine may do without encryption. */
  readonly plaintextDoors: boolean;
  /** How often the access file and the doors' certificate are looked at, ms. */
  readonly renewIntervalMs: number;
}

const RENEW_INTERVAL_MS = { low: 10, usual: 10_000, high: 86_400_000 } as const;

/** Fills in the defaults. @throws RaftError `BadOption`, naming field, value and rule (O05). */
export function resolveDoorSafety(
  given: Readonly<Record<string, unknown>> & { readonly doorTls: Readonly<Record<string, unknown>> },
): DoorSafety {
  const { access, openDoors = false, plaintextDoors = false, renewIntervalMs = RENEW_INTERVAL_MS.usual } = given;
  const doorTls = resolveDoorTls(given.doorTls);
  if (access !== undefined && (typeof access !== "string" || access === ""))
    throw badField("access", access, "must be the path of a file");
  if (typeof openDoors !== "boolean") throw badField("openDoors", openDoors, "must be true or false");
  if (typeof plaintextDoors !== "boolean") throw badField("plaintextDoors", plaintextDoors, "must be true or false");
  if (plaintextDoors && doorTls !== undefined)
    throw badField("plaintextDoors", plaintextDoors, "must not be given beside doorTls");
  const { low, high } = RENEW_INTERVAL_MS;
  if (
    typeof renewIntervalMs !== "number" ||
    !Number.isInteger(renewIntervalMs) ||
    renewIntervalMs < low ||
    renewIntervalMs > high
  )
    throw badField("renewIntervalMs", renewIntervalMs, `must be a whole number from ${low} to ${high} ms`);
  return {
    ...(access !== undefined && { access }),
    openDoors,
    ...(doorTls !== undefined && { doorTls }),
    plaintextDoors,
    renewIntervalMs,
  };
}

/** What the network reaches is not open to everybody by mistake. @param field - which door, for errors. @throws RaftError `BadOption` */
export function checkDoor(field: string, at: HostPort, safety: DoorSafety, access: Access, logger: Logger): void {
  if (isLoopback(at)) return;
  const only = (unless: string) =>
    badField(field, formatAddress(at), `must be an address of this machine only, unless ${unless}`);
  if (!access.hasUsers && !safety.openDoors) throw only("access says who may come in, or openDoors lets everybody in");
  if (safety.doorTls !== undefined) return;
  if (!safety.plaintextDoors) throw only("doorTls encrypts what passes, or plaintextDoors does without");
  if (access.hasUsers) logger.warn("passwords cross the network as they are", { [field]: formatAddress(at) });
}
