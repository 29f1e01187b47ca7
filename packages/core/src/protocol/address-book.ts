import type { Member } from "../model/configuration.js";
import type { NodeId } from "../model/node-id.js";
import type { RaftState } from "./state.js";

/**
 * T04, M04, M05, M09: whom this node may talk to: the members of its configuration; a leader's newcomers; and the members
 * of the configuration just before. For a leader that C-new leaves out must still be answered, or C-new is never
 * committed; and a node that was away during its removal must find somebody to tell it.
 */
export function updateBook(s: RaftState): void {
  const { own, previous } = s.configurations;
  const known = new Set<NodeId>(own.configuration.members.map(({ id }) => id));
  const others: Member[] = [];
  const change = s.leadership?.change;
  const newcomers = change?.appended === false ? [...change.catchUps.values()].map(({ member }) => member) : [];
  for (const member of [...newcomers, ...previous.configuration.members]) {
    if (known.has(member.id)) continue;
    known.add(member.id);
    others.push(member);
  }
  s.outbox.emit({ type: "UpdatePeers", configuration: own, others });
}
