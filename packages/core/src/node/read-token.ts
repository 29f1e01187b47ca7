import { RaftError } from "../model/errors.js";
import type { LogIndex, Millis } from "../model/log-id.js";
import type { ClusterId, GroupId, RecoveryNumber } from "../model/node-id.js";
import { badOption } from "../model/options.js";
import type { Consistency, ReadToken } from "./consistency.js";

/** Whose log a token speaks of: an index says nothing about another one. */
export interface TokenOrigin {
  readonly clusterId: ClusterId;
  readonly groupId: GroupId;
  /** M11: an unsafe recovery may have thrown away what the token names, and given its index to another entry. */
  readonly recoveryNumber: RecoveryNumber;
}

/** What a read waits for, as the desk knows it. */
export type Wanted =
  | "linearizable"
  | "lease"
  | "local"
  | { readonly maxStalenessMs: Millis }
  | { readonly atLeast: LogIndex };

/** Q08: the token for that index. Names hold no slash. */
export const tokenOf = ({ clusterId, groupId, recoveryNumber }: TokenOrigin, index: LogIndex): ReadToken =>
  `${clusterId}/${groupId}/${recoveryNumber}/${index}`;

/** O05, Q08: checks what a caller asked for. @throws RaftError `BadOption` or `TokenRefused`. */
export function wantedOf(given: Consistency, origin: TokenOrigin): Wanted {
  if (given === "linearizable" || given === "lease" || given === "local") return given;
  if (typeof given === "object" && "maxStalenessMs" in given) {
    const { maxStalenessMs } = given;
    if (!(typeof maxStalenessMs === "number" && maxStalenessMs >= 0))
      throw badOption("maxStalenessMs", maxStalenessMs, "must be a number from 0 ms");
    return { maxStalenessMs };
  }
  if (typeof given !== "object" || !("atLeast" in given))
    throw badOption("consistency", given, "must be linearizable, lease, local, { maxStalenessMs } or { atLeast }");
  const { atLeast } = given;
  const index = typeof atLeast === "string" ? indexOf(atLeast, origin) : atLeast;
  if (!Number.isSafeInteger(index) || index < 0)
    throw badOption("atLeast", atLeast, "must be an index or a read token");
  return { atLeast: index };
}

function indexOf(token: ReadToken, origin: TokenOrigin): LogIndex {
  const [, cluster, group, recovery, index] = /^([^/]*)\/([^/]+)\/(\d{1,16})\/(\d{1,16})$/.exec(token) ?? [];
  if (index === undefined) throw badOption("atLeast", token, "must be an index or a read token");
  const refused = (why: string) =>
    new RaftError("TokenRefused", "refused", `The read token ${token} ${why}; read without it.`, { token });
  if (cluster !== origin.clusterId) throw refused(`is of another cluster than ${origin.clusterId}`);
  if (group !== origin.groupId) throw refused(`is of another group than ${origin.groupId}`);
  if (Number(recovery) !== origin.recoveryNumber)
    throw refused("is from before or after an unsafe recovery, which may have thrown away what it names");
  return Number(index);
}
