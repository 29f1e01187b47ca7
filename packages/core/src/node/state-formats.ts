import { RaftError } from "../model/errors.js";
import { type Formats, NO_FORMATS } from "../model/formats.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { OpenedState, StateMachine } from "../ports/state-machine.js";

/*
 * What a state machine can read and write, and what it may write, when a node comes up (F05).
 *
 * One that hears of formats begins where the group does, with its first one, or where its snapshot was written; what gates the log
 * holds above that it passes again. One that does not writes the newest it knows from the start, as nobody could tell it to wait.
 */

/** F05: before anything is loaded, or restored (F08): a release older than the state is named as that. @throws RaftError `FormatUnknown` */
export function refuseNewer(
  machine: StateMachine,
  { formatVersion }: Pick<OpenedState, "formatVersion">,
  metas: readonly Pick<SnapshotMeta, "id" | "formatVersion">[],
): void {
  const newer = machine.formatOpened && metas.find((meta) => meta.formatVersion > formatVersion);
  if (newer === undefined) return;
  throw new RaftError(
    "FormatUnknown",
    "refused",
    `The snapshot at ${newer.id.index} has format ${newer.formatVersion}, and this state machine knows ${formatVersion}: the group has opened a newer ` +
      "one. Start the release that knows it.",
    { formatVersion: newer.formatVersion, known: formatVersion },
  );
}

/** The groups of a process mostly know the same, and then share one object (G02). */
let lastMade: Formats = NO_FORMATS;

function shared(known: number, open: number): Formats {
  if (lastMade.known !== known || lastMade.open !== open) lastMade = { known, open };
  return lastMade;
}

/** F05: the formats of a state that was opened, or loaded from this snapshot; the machine is told of one that is open already. */
export function formatsOf(machine: StateMachine, opened: OpenedState, snapshot: SnapshotMeta | null): Formats {
  const { formatVersion: known, firstFormat = 1, openFormat = 0 } = opened;
  if (known === NO_FORMATS.known) return NO_FORMATS;
  if (machine.formatOpened === undefined) return shared(known, known);
  const open = Math.max(firstFormat, openFormat, snapshot?.formatVersion ?? 0);
  if (open > firstFormat) machine.formatOpened(open);
  return shared(known, open);
}
