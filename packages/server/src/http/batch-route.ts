import {
  batch,
  compareAndSet,
  del,
  expire,
  increment,
  type KvSimpleCommand,
  type KvSimpleResult,
  persist,
  put,
} from "@hexraft/statemachine-kv";
import { keysOfCommand } from "../groups/keys-of.js";
import type { KvService } from "../kv/kv-service.js";
import { HttpProblem, type HttpReply, json } from "./http-reply.js";
import { type HttpRequest, onlyParameters } from "./http-request.js";
import { bytesOfField, fieldOf, jsonObject, requiredBytes } from "./json-bytes.js";
import { accepted } from "./kv-routes.js";

type Fields = Readonly<Record<string, unknown>>;

/** `POST /v1/batch` with `{ "commands": [{ "op": "put", … }, …] }`: all or none, in order. */
export async function runBatch(kv: KvService, request: HttpRequest): Promise<HttpReply> {
  onlyParameters(request.query);
  const { commands } = jsonObject(await request.body());
  if (!Array.isArray(commands) || commands.length === 0)
    throw new HttpProblem(400, "BadRequest", "commands must be an array of at least one command.");
  const asked = batch(...commands.map(commandOf));
  const { results } = accepted(await kv.apply(asked));
  const [about] = keysOfCommand(asked);
  return { ...json(200, { results: results.map(resultOf) }), ...(about !== undefined && { about }) };
}

function commandOf(given: unknown, i: number): KvSimpleCommand {
  const at = `commands[${i}]`;
  if (typeof given !== "object" || given === null) throw new HttpProblem(400, "BadRequest", `${at} must be an object.`);
  const fields = given as Fields;
  const key = requiredBytes(fields, "key");
  const ttlMs = numberOf(fields, "ttlMs", at);
  switch (fields["op"]) {
    case "put":
      return put(key, requiredBytes(fields, "value"), { ttlMs, condition: conditionOf(fields, at) });
    case "delete":
      return del(key);
    case "increment":
      return increment(key, numberOf(fields, "by", at) ?? 1);
    case "compareAndSet":
      return compareAndSet(key, bytesOfField(fields, "expected") ?? null, bytesOfField(fields, "value") ?? null, {
        ttlMs,
      });
    case "expire":
      if (ttlMs === undefined) throw new HttpProblem(400, "BadRequest", `${at}: ttlMs is missing.`);
      return expire(key, ttlMs);
    case "persist":
      return persist(key);
    default:
      throw new HttpProblem(
        400,
        "BadRequest",
        `${at}: op must be put, delete, increment, compareAndSet, expire or persist.`,
      );
  }
}

function numberOf(fields: Fields, name: string, at: string): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value)) throw new HttpProblem(400, "BadRequest", `${at}: ${name} must be a whole number.`);
  return value as number;
}

function conditionOf(fields: Fields, at: string): "absent" | "present" | undefined {
  const value = fields["condition"];
  if (value === undefined || value === "absent" || value === "present") return value;
  throw new HttpProblem(400, "BadRequest", `${at}: condition must be absent or present.`);
}

function resultOf({ type, ...rest }: KvSimpleResult): Fields {
  const fields = Object.entries(rest).map(([name, value]) =>
    value instanceof Uint8Array || value === null ? fieldOf(name, value) : { [name]: value as unknown },
  );
  return Object.assign({ op: type }, ...fields) as Fields;
}
