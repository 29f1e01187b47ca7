import { isIP } from "node:net";
import { join } from "node:path";
import { isName } from "@hexraft/core/ports";
import { badField } from "../serve/bad-field.js";
import { Authority } from "./authority.js";

/** A host name: labels with dots between. */
const HOST = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** What `hexraft certs` is told. */
export interface CertsFlags {
  /** Where the files go. */
  readonly directory: string;
  /** Node ids, with commas between. */
  readonly nodes: string;
  /** How long the nodes' certificates last. */
  readonly days: number;
  /** Host names and addresses of the doors, with commas between. */
  readonly hosts?: string;
}

/** Makes certificates for a trial, and says what to start with them. @throws RaftError `BadOption`. */
export async function runCerts(
  { directory, nodes, days, hosts }: CertsFlags,
  out: (line: string) => void,
): Promise<void> {
  const ids = nodes.split(",");
  if (new Set(ids).size !== ids.length || !ids.every((id) => isName(id) && id !== "ca"))
    throw badField(
      "nodes",
      nodes,
      "must list node ids as n1,n2,…, each once: 1–64 characters of A–Z a–z 0–9 . _ -, not ca",
    );
  const names = hosts?.split(",") ?? [];
  if (!names.every((name) => isIP(name) !== 0 || HOST.test(name)))
    throw badField("hosts", hosts, "must list host names and addresses as db.example,10.0.0.1,…");
  const authority = await Authority.openOrFound(directory);
  for (const id of ids) {
    const end = await authority.certify(id, days, names);
    out(`${id}: until ${end.toISOString()}, start it with`);
    const file = (name: string) => join(directory, name);
    out(`  --tls-ca ${file("ca.crt")} --tls-cert ${file(`${id}.crt`)} --tls-key ${file(`${id}.key`)}`);
    if (names.length > 0) out(`  --door-cert ${file(`${id}.crt`)} --door-key ${file(`${id}.key`)}`);
  }
  out(`Give each node ca.crt and its own two files. Keep ${join(directory, "ca.key")}: who has it can make any node.`);
}
