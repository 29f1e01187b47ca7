import { RaftError } from "@hexraft/core/ports";
import type { Identity } from "../access/role.js";
import type { AdminDesk } from "../admin/admin-desk.js";
import { HttpProblem, type HttpReply, json } from "./http-reply.js";
import type { HttpRequest } from "./http-request.js";
import { jsonObject } from "./json-bytes.js";

/** Refused by the state of the cluster, and not for the request's form or the moment. */
const CONFLICTS: ReadonlySet<string> = new Set([
  "ChangeRefused",
  "ChangeRunning",
  "TransferRefused",
  "ElectionRefused",
]);

/** `POST /v1/admin/<verb>?group=`, what the verb needs as one JSON object or, where it is a text, as parameters. Follows nobody: ask the leader. */
export async function runAdmin(
  deskOf: (group: string | undefined) => Pick<AdminDesk, "ask">,
  verb: string,
  request: HttpRequest,
  who: Identity,
): Promise<HttpReply> {
  const body = await request.body();
  const said = body.length === 0 ? {} : jsonObject(body);
  const { group, ...asked } = { ...Object.fromEntries(request.query), ...said } as Readonly<Record<string, unknown>>;
  if (group !== undefined && typeof group !== "string")
    throw new HttpProblem(400, "BadRequest", "group must be the name of a group.");
  try {
    return json(200, await deskOf(group).ask({ ...asked, verb }, who));
  } catch (error) {
    if (!(error instanceof RaftError) || error.outcome !== "refused" || !CONFLICTS.has(error.code)) throw error;
    throw new HttpProblem(409, error.code, error.message, { outcome: "refused" });
  }
}
