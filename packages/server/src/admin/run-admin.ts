import { type Answered, ClusterAdmin, type Endpoint } from "@hexraft/client";
import { credentialsOf } from "../access/credentials.js";
import { ExitCode } from "../exit-codes.js";
import { parseAddress } from "../serve/address.js";
import { badField } from "../serve/bad-field.js";
import { type AdminFlags, CLUSTER_VARIABLE, type Voice } from "./admin-flags.js";

/**
 * Asks the cluster, and prints how it ended: the answer as `text` words it, or with `json` one line for programs.
 *
 * @returns the exit code: {@link ExitCode.failed} if it was refused, {@link ExitCode.unknown} if nobody can tell (C02).
 */
export async function runAdmin<T>(
  flags: AdminFlags,
  voice: Voice,
  ask: (admin: ClusterAdmin) => Promise<Answered<T>>,
  text: (value: T) => string,
): Promise<number> {
  const admin = adminOf(flags);
  try {
    return tell(await ask(admin), flags.json === true, voice, text);
  } finally {
    admin.close();
  }
}

/** Who asks as the flags say. @throws RaftError `BadOption` */
export function adminOf(flags: AdminFlags): ClusterAdmin {
  const credentials = credentialsOf(flags.user, flags.passwordFile);
  return new ClusterAdmin({
    endpoints: endpointsOf(flags.cluster ?? process.env[CLUSTER_VARIABLE]),
    ...(credentials !== undefined && { credentials }),
    ...(flags.ca !== undefined && { tls: { caFile: flags.ca } }),
    ...(flags.group !== undefined && { group: flags.group }),
    ...(flags.timeout !== undefined && { deadlineMs: flags.timeout, changeDeadlineMs: flags.timeout }),
  });
}

/** Prints how something ended. @returns the exit code */
export function tell<T>(answered: Answered<T>, json: boolean, voice: Voice, text: (value: T) => string): number {
  if (answered.outcome === "ok") {
    voice.say(json ? JSON.stringify(answered) : text(answered.value));
    return ExitCode.ok;
  }
  const { outcome, error } = answered;
  if (json) voice.say(JSON.stringify({ outcome, code: error.code, message: error.message }));
  else voice.complain(`hexraft: ${outcome}: ${error.message}`);
  return outcome === "refused" ? ExitCode.failed : ExitCode.unknown;
}

function endpointsOf(given: string | undefined): readonly Endpoint[] {
  if (given === undefined || given === "")
    throw badField("--cluster", given, `must name the client doors of the nodes, host:port,… (or ${CLUSTER_VARIABLE})`);
  return given.split(",").map((each) => parseAddress("--cluster", each));
}
