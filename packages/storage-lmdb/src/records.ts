import type { Checksum } from "@hexraft/core/ports";
import type { Database } from "./database.js";
import { damaged, formatUnknown } from "./faults.js";
import { FORMAT, type LogState, type Replica, type Shape } from "./replica.js";

/*
 * A record is its CRC-32 in eight hexadecimal digits, a blank and JSON: LMDB has no checksums, and a flipped bit in a ballot
 * would be believed.
 */
const SUM_DIGITS = 8;
const utf8 = new TextEncoder();

/** The records of `state` that are not those of `before`, by name; both are laid down for a replica that is new. */
export function layRecords(state: LogState, before: LogState | undefined, checksum: Checksum): Map<string, string> {
  const records = new Map([["replica", sealed(state.replica, checksum)]]);
  if (state.shape !== before?.shape) records.set("shape", sealed(state.shape, checksum));
  return records;
}

/**
 * What the records say; `undefined` in a new database.
 *
 * @throws RaftError `Damaged` or `FormatUnknown`.
 */
export function readRecords(database: Database, path: string, checksum: Checksum): LogState | undefined {
  const replica = unsealed(database, path, "replica", checksum) as Replica | undefined;
  const shape = unsealed(database, path, "shape", checksum) as Shape | undefined;
  if (replica !== undefined && replica.format !== FORMAT) throw formatUnknown(path, replica.format, FORMAT);
  if (replica !== undefined && shape !== undefined) return { replica, shape };
  if (replica !== undefined || shape !== undefined || database.firsts(0, 1).length > 0)
    throw damaged(path, `the record "${replica === undefined ? "replica" : "shape"}" is missing, and others are there`);
  return undefined;
}

function sealed(value: Replica | Shape, checksum: Checksum): string {
  const json = JSON.stringify(value);
  return `${sumOf(json, checksum)} ${json}`;
}

/** The checksum vouches for the layout: what it fits was written by {@link sealed}. */
function unsealed(database: Database, path: string, name: string, checksum: Checksum): unknown {
  const record = database.fact(name);
  if (record === undefined) return undefined;
  const json = record.slice(SUM_DIGITS + 1);
  if (record !== `${sumOf(json, checksum)} ${json}`)
    throw damaged(path, `checksum mismatch in the record "${name}"`, { record: name });
  return JSON.parse(json);
}

const sumOf = (json: string, checksum: Checksum): string =>
  checksum.crc32(utf8.encode(json)).toString(16).padStart(SUM_DIGITS, "0");
