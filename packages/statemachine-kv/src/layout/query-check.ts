import { RaftError } from "@hexraft/core/ports";
import type { KvLimits } from "../kv-limits.js";
import { type KvQuery, PAGE_MAX } from "../query.js";
import { checkKey, checkKeys } from "./command-check.js";

const refuse = (what: string) => new RaftError("BadCommand", "refused", `${what}; correct the query.`);

/** Refuses a query that fits neither the types nor the limits. @throws RaftError `BadCommand`. */
export function checkQuery(query: KvQuery, limits: KvLimits): void {
  switch (query?.type) {
    case "get":
    case "ttl":
      return checkKey(query.key, limits);
    case "getMany":
    case "exists":
      return checkKeys(query.keys, limits);
    case "range":
      if (query.start !== undefined) checkKey(query.start, limits);
      if (query.end !== undefined) checkKey(query.end, limits);
      return checkPage(query.limit, "limit");
    case "scan":
      if (typeof query.cursor !== "string" || !/^\d{1,16}$/.test(query.cursor))
        throw refuse(`The cursor ${query.cursor} is not one that a scan gave; begin with "0"`);
      return checkPage(query.count, "count");
    case "size":
    case "stats":
      return;
    default:
      throw refuse(`The query type ${String((query as { type?: unknown } | undefined)?.type)} is not known here`);
  }
}

function checkPage(size: number | undefined, name: string): void {
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 1 || size > PAGE_MAX))
    throw refuse(`${name} is ${size}; it must be a whole number from 1 to ${PAGE_MAX}`);
}
