import type { Founder, MemberChange } from "@hexraft/core";
import { isAddress, isName, RaftError } from "@hexraft/core/ports";

/** What an operator said, field by field; whatever does not fit is refused before anything is done. */
export class Asked {
  constructor(private readonly fields: Readonly<Record<string, unknown>>) {}

  /** Refuses fields that the verb does not know: a misspelt `expectedindex` must not change anything. @throws RaftError `BadCommand` */
  only(...known: readonly string[]): this {
    const stranger = Object.keys(this.fields).find((field) => field !== "verb" && !known.includes(field));
    if (stranger !== undefined)
      throw bad(stranger.slice(0, 64), `is not known here; known are ${known.join(", ") || "none"}`);
    return this;
  }

  /** A node's name, if there is one. @throws RaftError `BadCommand` */
  id(field: string): string | undefined {
    const value = this.fields[field];
    if (value === undefined) return undefined;
    if (!isName(value)) throw bad(field, "must be the name of a node");
    return value;
  }

  /** An index, if there is one. @throws RaftError `BadCommand` */
  index(field: string): number | undefined {
    const value = this.fields[field];
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw bad(field, "must be an index, a whole number from 0");
    return value as number;
  }

  /** M07. @throws RaftError `BadCommand` */
  change(field: string): MemberChange {
    const { kind, nodes, ids } = record(field, this.fields[field]);
    switch (kind) {
      case "addPeers":
      case "changePeers":
      case "addWitnesses":
      case "addLearners":
      case "resetLearners":
      case "changeAddresses":
        return { kind, nodes: list(`${field}.nodes`, nodes).map((node, at) => founder(`${field}.nodes[${at}]`, node)) };
      case "removePeers":
      case "removeLearners":
      case "promote":
      case "demote":
        return { kind, ids: list(`${field}.ids`, ids).map((id, at) => name(`${field}.ids[${at}]`, id)) };
      default:
        throw bad(`${field}.kind`, "is not a change of members that this node knows");
    }
  }
}

function founder(field: string, value: unknown): Founder {
  const { id, address, priority } = record(field, value);
  if (!isAddress(address)) throw bad(`${field}.address`, "must be host:port");
  if (priority === undefined) return { id: name(`${field}.id`, id), address };
  if (!Number.isInteger(priority) || (priority as number) < 0 || (priority as number) > 255)
    throw bad(`${field}.priority`, "must be a whole number from 0 to 255");
  return { id: name(`${field}.id`, id), address, priority: priority as number };
}

function name(field: string, value: unknown): string {
  if (!isName(value)) throw bad(field, "must be the name of a node: 1–64 characters of A–Z a–z 0–9 . _ -");
  return value;
}

function list(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(field, "must be a list");
  return value;
}

function record(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(field, "must be an object");
  return value as Readonly<Record<string, unknown>>;
}

const bad = (field: string, rule: string): RaftError =>
  new RaftError("BadCommand", "refused", `Nothing was done: ${field} ${rule}.`, { field, rule });
