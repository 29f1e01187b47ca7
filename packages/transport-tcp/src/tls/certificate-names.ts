import type { X509Certificate } from "node:crypto";
import { isName, type NodeId } from "@hexraft/core/ports";

/** How a certificate names a node: a URI among its subject alternative names, these letters and the node's id. */
export const NODE_URI = "urn:hexraft:node:";

/** One alternative name: what is not plain is quoted by the host as JSON, so that no name can pose as two. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * T03: the nodes that this certificate speaks for. Host names and common names count for nothing: an address may change,
 * and a certificate for another purpose of the same authority names no node.
 */
export function nodesNamedBy({ subjectAltName }: Pick<X509Certificate, "subjectAltName">): readonly NodeId[] {
  const text = subjectAltName ?? "";
  const nodes: NodeId[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, kind, value = ""] = ENTRY.exec(text) ?? [];
    if (kind === undefined) return []; // not as it should be: then it names nobody
    const id = value.slice(NODE_URI.length);
    if (kind === "URI" && value.startsWith(NODE_URI) && isName(id)) nodes.push(id);
  }
  return nodes;
}
