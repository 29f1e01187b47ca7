import { randomBytes } from "node:crypto";
import { NONCE_BYTES } from "@hexraft/sessions";
import { numberFault, sessionNamed, wholeNumberOf } from "../kv/command-number.js";
import type { KvService } from "../kv/kv-service.js";
import { numbered } from "../kv/numbered.js";
import { HttpProblem, type HttpReply, json } from "./http-reply.js";
import { type HttpRequest, NUMBER_HEADERS, onlyParameters } from "./http-request.js";
import { jsonObject } from "./json-bytes.js";

/** `POST /v1/sessions`, with `{ "nonce": "<32 hexadecimal digits>" }` by who wants to be able to repeat it. */
export async function openSession(kv: KvService, request: HttpRequest): Promise<HttpReply> {
  onlyParameters(request.query);
  const body = await request.body();
  const { nonce } = body.length === 0 ? {} : jsonObject(body);
  return json(200, await kv.openSession(nonce === undefined ? randomBytes(NONCE_BYTES) : nonceOf(nonce)));
}

/** The service, for the one command of a request: under the number that its headers say, if they do. @throws HttpProblem 400 */
export function inItsSession(kv: KvService, { number }: HttpRequest): KvService {
  const { session, sequence, acknowledged = "0" } = number;
  if (session === undefined && sequence === undefined && number.acknowledged === undefined) return kv;
  const said = {
    session: sessionNamed(session ?? ""),
    sequence: wholeNumberOf(sequence ?? ""),
    acknowledged: wholeNumberOf(acknowledged),
  };
  const fault = numberFault(said);
  if (fault === "") return numbered(kv, said);
  throw new HttpProblem(400, "BadRequest", `${Object.values(NUMBER_HEADERS).join(", ")}: ${fault}.`);
}

function nonceOf(nonce: unknown): Buffer {
  const digits = 2 * NONCE_BYTES;
  if (typeof nonce === "string" && nonce.length === digits && /^[0-9a-f]+$/i.test(nonce))
    return Buffer.from(nonce, "hex");
  throw new HttpProblem(400, "BadRequest", `nonce must be ${digits} hexadecimal digits, drawn by chance.`);
}
