import type { Consistency } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { RequestKind } from "./door-records.js";

/*
 * How a read says how new its answer must be (Q05, Q06, Q08): by its kind, and by what stands before the query:
 * boundedRead `u32 ms`, indexRead `u16 length | token or index as text`. Numbers are little-endian.
 */

/** Most bytes of a read token. */
export const TOKEN_BYTES_MAX = 256;

const PLAIN = new Map<number, "linearizable" | "local" | "lease">([
  [RequestKind.linearizableRead, "linearizable"],
  [RequestKind.localRead, "local"],
  [RequestKind.leaseRead, "lease"],
]);
const NO_BYTES = new Uint8Array(0);

/** A read, as a node understands it. */
export interface ReadRequest {
  /** How new the answer must be. */
  readonly consistency: Consistency;
  /** The encoded query. */
  readonly query: Uint8Array;
}

/** The kind of a request that reads like that, and its bytes. @throws RaftError `BadOption` */
export function layOutRead(
  consistency: Consistency,
  query: Uint8Array,
): { readonly kind: RequestKind; readonly bytes: Uint8Array } {
  switch (consistency) {
    case "linearizable":
      return { kind: RequestKind.linearizableRead, bytes: query };
    case "lease":
      return { kind: RequestKind.leaseRead, bytes: query };
    case "local":
      return { kind: RequestKind.localRead, bytes: query };
    default:
      break;
  }
  if ("maxStalenessMs" in consistency) {
    const { maxStalenessMs } = consistency;
    if (!(maxStalenessMs >= 0)) throw bad("maxStalenessMs", maxStalenessMs, "must be a number from 0 ms");
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, Math.min(Math.floor(maxStalenessMs), 2 ** 32 - 1), true);
    return { kind: RequestKind.boundedRead, bytes: joined(head, NO_BYTES, query) };
  }
  const token = new TextEncoder().encode(String(consistency.atLeast));
  if (token.length > TOKEN_BYTES_MAX)
    throw bad("atLeast", consistency.atLeast, `must be at most ${TOKEN_BYTES_MAX} bytes`);
  const head = new Uint8Array(2);
  new DataView(head.buffer).setUint16(0, token.length, true);
  return { kind: RequestKind.indexRead, bytes: joined(head, token, query) };
}

/** The same again, if that kind of request is a read that is known here. @throws RaftError `BadMessage` */
export function readRequestOf(kind: number, bytes: Uint8Array): ReadRequest | undefined {
  const plain = PLAIN.get(kind);
  if (plain !== undefined) return { consistency: plain, query: bytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (kind === RequestKind.boundedRead) {
    if (bytes.length < 4) throw malformed();
    return { consistency: { maxStalenessMs: view.getUint32(0, true) }, query: bytes.subarray(4) };
  }
  if (kind !== RequestKind.indexRead) return undefined;
  const length = bytes.length < 2 ? Number.POSITIVE_INFINITY : view.getUint16(0, true);
  if (length > TOKEN_BYTES_MAX || bytes.length < 2 + length) throw malformed();
  const text = new TextDecoder().decode(bytes.subarray(2, 2 + length));
  return {
    consistency: { atLeast: /^\d{1,16}$/.test(text) ? Number(text) : text },
    query: bytes.subarray(2 + length),
  };
}

function joined(head: Uint8Array, text: Uint8Array, query: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + text.length + query.length);
  bytes.set(head);
  bytes.set(text, head.length);
  bytes.set(query, head.length + text.length);
  return bytes;
}

const malformed = () => new RaftError("BadMessage", "refused", "a read is cut off before its query");

const bad = (field: string, value: unknown, rule: string) =>
  new RaftError("BadOption", "refused", `option ${field} is ${String(value)}, but it ${rule}`, { field, value, rule });
