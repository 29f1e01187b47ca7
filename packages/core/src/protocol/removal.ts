import { memberOf } from "../model/configuration.js";
import type { Envelope, Removed } from "../model/message.js";
import { type RaftState, senderOf } from "./state.js";
import { becomeFollower } from "./term.js";

/*
 * A member that was away while it was removed (§4.2.3 of the thesis). Rule M09.
 *
 * It knows of nothing, hears no leader any more, and asks for votes. E07 keeps it from disturbing anybody; so that it does
 * not ask for ever, whoever knows better tells it.
 */

/** M09: a node that was away during its removal asks for votes: it hears that it has no part in this any more. */
export function tellIfRemoved(s: RaftState, envelope: Envelope): void {
  const asker = senderOf(s, envelope);
  const known = s.configurations.at(s.commit);
  const isNamed = [known, s.configurations.own].some(
    ({ configuration }) => memberOf(configuration, asker.id)?.incarnation === asker.incarnation,
  );
  if (isNamed || known.id.index === 0) return;
  s.outbox.send(asker, { type: "Removed", configurationIndex: known.id.index, ...asker });
}

/**
 * M09: believed only of a configuration newer than any it has: one that adds it again may be in its log already, and who
 * says so may be far behind. It is written down, so that a restart does not let it campaign again.
 */
export function onRemoved(s: RaftState, { configurationIndex, id, incarnation }: Removed): void {
  const isMeant = id === s.identity.id && incarnation === s.identity.incarnation;
  const isNews = configurationIndex > s.configurations.own.id.index && configurationIndex > s.removalHeard;
  if (!isMeant || !isNews) return s.drop("news of a removal that is none");
  s.removalHeard = configurationIndex;
  s.outbox.persistHardState(s.hardState());
  const reason = `configuration ${configurationIndex} removed this node: it takes part in no election any more; empty its directory to let it join anew`;
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason } });
  if (s.role !== "follower") becomeFollower(s, null, reason);
}
