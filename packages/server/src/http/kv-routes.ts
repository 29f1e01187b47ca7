import { Rejected } from "@hexraft/core/ports";
import {
  compareAndSet,
  del,
  get,
  INTEGER_MAX,
  INTEGER_MIN,
  increment,
  type KvCommand,
  type KvResultOf,
  put,
  range,
  TTL_MS_MAX,
} from "@hexraft/statemachine-kv";
import type { KvService } from "../kv/kv-service.js";
import { CONSISTENCY, consistencyOf } from "./consistency-of.js";
import { bytes, HttpProblem, type HttpReply, json } from "./http-reply.js";
import { flagOf, type HttpRequest, onlyParameters, wholeOf } from "./http-request.js";
import { fieldOf, jsonObject, requiredBytes } from "./json-bytes.js";

/** Most entries of one page of a range. */
const RANGE_MAX = 10_000;
const RANGE_DEFAULT = 1_000;

/** `GET /v1/kv/<key>`: the value as it is, or as JSON if that is what the client accepts. */
export async function getKey(kv: KvService, key: Buffer, request: HttpRequest): Promise<HttpReply> {
  onlyParameters(request.query, ...CONSISTENCY);
  const { value } = await kv.read(get(key), consistencyOf(request.query));
  if (value === null) return json(404, { error: "NotFound", message: "The key is not there." });
  return request.accept.includes("application/json")
    ? json(200, { ...fieldOf("key", key), ...fieldOf("value", value) })
    : bytes(200, value);
}

/** `PUT /v1/kv/<key>`: the body is the value; as `application/json` it is `{ "value": … }` or `{ "valueBase64": … }`. */
export async function putKey(kv: KvService, key: Buffer, request: HttpRequest): Promise<HttpReply> {
  const { query } = request;
  onlyParameters(query, "nx", "xx", "ttlMs", "keepTtl", "cas");
  const [nx, xx, cas] = [flagOf(query, "nx"), flagOf(query, "xx"), query.get("cas")];
  if (Number(nx) + Number(xx) + Number(cas !== null) > 1)
    throw new HttpProblem(400, "BadRequest", "Give at most one of nx, xx and cas.");
  const lifetime = { ttlMs: wholeOf(query, "ttlMs", 1, TTL_MS_MAX), keepTtl: flagOf(query, "keepTtl") };
  if (lifetime.ttlMs !== undefined && lifetime.keepTtl)
    throw new HttpProblem(400, "BadRequest", "Give at most one of ttlMs and keepTtl.");
  const body = await request.body();
  const value = request.contentType === "application/json" ? requiredBytes(jsonObject(body), "value") : body;
  if (cas !== null) return compare(kv, key, cas, value, lifetime);
  const condition = nx ? "absent" : xx ? "present" : undefined;
  const { done } = accepted(await kv.apply(put(key, value, { condition, ...lifetime })));
  return json(done ? 200 : 409, done ? { done } : { done, error: nx ? "Exists" : "NotFound" });
}

/** `DELETE /v1/kv/<key>`. */
export async function deleteKey(kv: KvService, key: Buffer, request: HttpRequest): Promise<HttpReply> {
  onlyParameters(request.query, "cas");
  const cas = request.query.get("cas");
  if (cas !== null) return compare(kv, key, cas, null, {});
  const { deleted } = accepted(await kv.apply(del(key)));
  return json(deleted === 1 ? 200 : 404, deleted === 1 ? { deleted } : { deleted, error: "NotFound" });
}

/** `POST /v1/incr/<key>?by=n`. */
export async function incrementKey(kv: KvService, key: Buffer, request: HttpRequest): Promise<HttpReply> {
  onlyParameters(request.query, "by");
  const by = request.query.get("by") ?? "1";
  if (!/^-?\d{1,19}$/.test(by) || BigInt(by) > INTEGER_MAX || BigInt(by) < INTEGER_MIN)
    throw new HttpProblem(400, "BadRequest", `by is ${JSON.stringify(by)}, but it must be a signed 64-bit integer.`);
  const { value } = accepted(await kv.apply(increment(key, BigInt(by))));
  return json(200, { value });
}

/** `GET /v1/kv?start=&end=&limit=`: entries in the order of the keys' bytes, and where the next page begins: maybe in the next group. */
export async function rangeOfKeys(kv: KvService, request: HttpRequest): Promise<HttpReply> {
  const { query } = request;
  onlyParameters(query, "start", "end", "limit", "reverse", ...CONSISTENCY);
  const limit = wholeOf(query, "limit", 1, RANGE_MAX) ?? RANGE_DEFAULT;
  const page = await kv.read(
    range({ start: boundOf(query, "start"), end: boundOf(query, "end"), limit, reverse: flagOf(query, "reverse") }),
    consistencyOf(request.query),
  );
  const entries = page.entries.map(({ key, value }) => ({ ...fieldOf("key", key), ...fieldOf("value", value) }));
  const about = page.entries[0]?.key;
  return { ...json(200, { entries, ...fieldOf("next", page.next) }), ...(about !== undefined && { about }) };
}

/** The result, if the state machine did the command. @throws HttpProblem 409 with its reason (F01). */
export function accepted<C extends KvCommand>(result: KvResultOf<C>): Exclude<KvResultOf<C>, Rejected> {
  if (result instanceof Rejected) throw new HttpProblem(409, result.code, result.reason, { outcome: "refused" });
  return result as Exclude<KvResultOf<C>, Rejected>;
}

async function compare(
  kv: KvService,
  key: Buffer,
  expected: string,
  value: Buffer | null,
  lifetime: { readonly ttlMs?: number | undefined; readonly keepTtl?: boolean },
): Promise<HttpReply> {
  const { done, actual } = accepted(await kv.apply(compareAndSet(key, expected, value, lifetime)));
  return done ? json(200, { done }) : json(409, { done, error: "Different", ...fieldOf("actual", actual) });
}

const boundOf = (query: URLSearchParams, name: string): string | undefined => query.get(name) || undefined;
