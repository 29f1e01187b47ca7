import type { Groups } from "../groups/groups.js";
import { HttpProblem, type HttpReply, json, text } from "./http-reply.js";
import { type HttpRequest, onlyParameters } from "./http-request.js";

/** `GET /v1/status?group=&format=` (O01). @throws HttpProblem 400; RaftError `BadCommand` */
export const statusOf = (groups: Groups, { query }: HttpRequest): HttpReply =>
  inForm(query, () => groups.named(named(query)).describe());

/** `GET /v1/explain?group=&format=` (O07). @throws HttpProblem 400; RaftError `BadCommand` */
export const explanationOf = (groups: Groups, { query }: HttpRequest): HttpReply =>
  inForm(query, () => groups.named(named(query)).explain());

/** `GET /v1/hash?group=` (O06). @throws HttpProblem 400; RaftError `BadCommand` */
export async function hashOf(groups: Groups, { query }: HttpRequest): Promise<HttpReply> {
  onlyParameters(query, "group");
  return json(200, await groups.named(named(query)).stateHash());
}

/** `GET /v1/groups`. @throws HttpProblem 400 */
export function listOf(groups: Groups, { query }: HttpRequest): HttpReply {
  onlyParameters(query);
  return json(200, { groups: groups.list() });
}

const named = (query: URLSearchParams): string | undefined => query.get("group") ?? undefined;

/** As JSON, or with `?format=text` as it is read. @throws HttpProblem 400 */
function inForm(query: URLSearchParams, ask: () => { readonly text: string }): HttpReply {
  onlyParameters(query, "format", "group");
  const format = query.get("format") ?? "json";
  if (format === "text") return text(200, `${ask().text}\n`);
  if (format === "json") return json(200, ask());
  throw new HttpProblem(400, "BadRequest", `format is ${JSON.stringify(format)}, but it must be json or text.`);
}
