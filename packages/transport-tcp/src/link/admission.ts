import { badMessage, type Envelope, type NodeId, type StartNumber, type TransportIdentity } from "@hexraft/core/ports";
import type { Proof } from "../sockets.js";
import { type Hello, type Reject, type RejectCode, VERSIONS, type Versions, type Welcome } from "../wire/handshake.js";
import type { StartNumbers } from "./start-numbers.js";

/** A refusal with its code. */
export interface Refusal extends Reject {
  readonly code: RejectCode;
}

const refusal = (code: RejectCode, reason: string): Refusal => ({ code, reason });

/** T09: whether two releases share a version. */
export function versionRefusal({ min, max }: Versions, ours: Versions = VERSIONS): Refusal | undefined {
  if (min <= ours.max && max >= ours.min) return undefined;
  return refusal(
    "Version",
    `the dialer speaks versions ${min}–${max} of the protocol, and this node ${ours.min}–${ours.max}; upgrade one release at a time`,
  );
}

/**
 * T02, T11: why a listener refuses a hello, if it does. Somebody who only asks who is here needs to belong nowhere: a
 * cluster is founded by asking nodes that have none yet.
 *
 * A node that waits to be claimed is judged after the claim.
 */
export function helloRefusal(hello: Hello, local: TransportIdentity, startNumbers: StartNumbers): Refusal | undefined {
  if (hello.purpose === "identify") return undefined;
  if (hello.nodeId === local.nodeId)
    return refusal("Self", `this node itself is ${local.nodeId}; two nodes of a cluster never share an id`);
  if (hello.to !== local.nodeId)
    return refusal(
      "WrongNode",
      `${hello.to} was expected at this address, and ${local.nodeId} is here; correct the address`,
    );
  if (hello.clusterId === "")
    return refusal(
      "WrongCluster",
      `${hello.nodeId} belongs to no cluster yet; it has to be bootstrapped or joined first`,
    );
  if (local.clusterId !== "" && hello.clusterId !== local.clusterId)
    return refusal(
      "WrongCluster",
      `${hello.nodeId} belongs to cluster ${hello.clusterId}, and this node to ${local.clusterId}; correct the address`,
    );
  return olderStart(hello, startNumbers);
}

/** T02, T11: why a dialer refuses who answered, if it does. */
export function welcomeRefusal(hello: Hello, welcome: Welcome, startNumbers: StartNumbers): Refusal | undefined {
  if (hello.purpose === "identify") return undefined;
  if (welcome.nodeId !== hello.to)
    return refusal(
      "WrongNode",
      `${hello.to} was expected at this address, and ${welcome.nodeId} answered; correct the address`,
    );
  if (welcome.clusterId !== hello.clusterId)
    return refusal(
      "WrongCluster",
      `${welcome.nodeId} belongs to cluster ${welcome.clusterId || "(none)"}, and ${hello.nodeId} to ${hello.clusterId}`,
    );
  return olderStart(welcome, startNumbers);
}

/**
 * T02, T11: what a connection brings must be of whom it was opened by, in that run, and for this node.
 *
 * @throws RaftError `BadMessage`.
 */
export function checkSpeaker(envelope: Envelope, from: NodeId, startNumber: StartNumber, self: NodeId): void {
  if (envelope.from !== from) throw badMessage(`${from} speaks in the name of ${envelope.from}`);
  if (envelope.to !== self) throw badMessage(`it is meant for ${envelope.to}, and this is another node`);
  if (envelope.startNumber !== startNumber)
    throw badMessage(`it is of start ${envelope.startNumber}, and the connection of start ${startNumber}`);
}

/** T03: who says to be a node has to prove it, where certificates are shown. */
export function identityRefusal(id: NodeId, proof: Proof | undefined): Refusal | undefined {
  if (proof === undefined || proof.nodes.includes(id)) return undefined;
  const shown = proof.nodes.join(", ") || "no node";
  return refusal("Identity", `the certificate shown speaks for ${shown}, and not for ${id}; show the one of ${id}`);
}

function olderStart(
  { nodeId, directoryId, startNumber }: Pick<Hello, "nodeId" | "directoryId" | "startNumber">,
  startNumbers: StartNumbers,
): Refusal | undefined {
  const seen = startNumbers.of(directoryId);
  if (startNumber >= seen) return undefined;
  return refusal(
    "OlderStart",
    `${nodeId} says it is start ${startNumber} of directory ${directoryId}, and start ${seen} was seen already; stop the older process, or wipe a directory that was restored from a backup`,
  );
}
