import { type ClusterAdmin, type LeaderMove, rebalanceLeaders } from "@hexraft/client";
import { ExitCode } from "../exit-codes.js";
import { badField } from "../serve/bad-field.js";
import type { AdminFlags, Voice } from "./admin-flags.js";
import { rebalancedText, type ToldMove } from "./admin-text.js";
import { adminOf, tell } from "./run-admin.js";

/**
 * G04: evens out who leads how many of the groups that the nodes serve.
 *
 * @returns the exit code: {@link ExitCode.failed} if something stayed as it was though it should not, {@link ExitCode.unknown} if
 * nobody can tell. @throws RaftError `BadOption`.
 */
export async function runRebalance(flags: AdminFlags, voice: Voice): Promise<number> {
  if (flags.group !== undefined) throw badField("--group", flags.group, "must not be given: all groups are meant");
  const admins = new Map<string, ClusterAdmin>();
  const anyone = adminOf(flags);
  try {
    const groups = await anyone.getGroups();
    if (groups.outcome !== "ok") return tell(groups, flags.json === true, voice, String);
    for (const { group } of groups.value) admins.set(group, adminOf({ ...flags, group }));
    const { moves, unknown } = await rebalanceLeaders(admins);
    const told = moves.map(toldMove);
    const value = { moves: told, unknown };
    tell({ outcome: "ok", value }, flags.json === true, voice, () => rebalancedText(told, unknown));
    if (told.some(({ outcome }) => outcome === "unknown")) return ExitCode.unknown;
    return unknown.length === 0 && told.every(({ outcome }) => outcome === "ok") ? ExitCode.ok : ExitCode.failed;
  } finally {
    for (const admin of [anyone, ...admins.values()]) admin.close();
  }
}

function toldMove({ group, from, to, answered }: LeaderMove): ToldMove {
  const { outcome } = answered;
  return { group, from, to, outcome, ...(answered.outcome !== "ok" && { message: answered.error.message }) };
}
