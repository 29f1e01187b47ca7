import { FieldReader, type NodeId } from "@hexraft/core/ports";

/** Most nodes that one ping vouches for. */
const VOUCHED_MAX = 1_024;

/**
 * The envelope of a ping: nothing, or the nodes that its sender vouches for: those in its own books. A receiver that was
 * away while they were made members has only the sender's word that they are (E19).
 */
export const pingToArray = (vouched: readonly NodeId[]): unknown[] =>
  vouched.length === 0 ? [] : [vouched.slice(0, VOUCHED_MAX)];

/** @throws RaftError `BadMessage`. */
export function pingFromArray(fields: unknown): readonly NodeId[] {
  const reader = new FieldReader(fields, "a ping");
  const names = reader.nested("nodes vouched for", []);
  reader.end();
  const inner = new FieldReader(names, "the nodes vouched for");
  const count = Math.min((names as readonly unknown[]).length, VOUCHED_MAX);
  const vouched = Array.from({ length: count }, () => inner.name("node"));
  inner.end();
  return vouched;
}
