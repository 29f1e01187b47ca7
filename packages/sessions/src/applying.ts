import { type CommandBatch, type Gathered, RaftError, Rejected } from "@hexraft/core/ports";
import type { SessionCodec } from "./session-codec.js";
import { SessionRefused } from "./session-command.js";
import {
  EntryKind,
  ESCAPE_BYTES,
  readInSession,
  readOpenSession,
  SESSION_MARK,
  unknownKind,
} from "./session-layout.js";
import { sessionNumber } from "./session-number.js";
import type { KeptResult, SessionTable } from "./session-table.js";

/** One result per command, in order. */
export type Results = readonly unknown[];
/** Yields what the state machine is to execute, and is given its results. */
export type Steps = Generator<readonly Gathered[], Results, Results>;

/** Commands that are to be executed together, and what becomes of their results. */
class Group {
  readonly commands: Gathered[] = [];
  readonly places: number[] = [];
  readonly kept: (KeptResult | undefined)[] = [];
  /** Those of them that are in a session. */
  inSession = 0;

  add(command: Gathered, place: number, kept?: KeptResult): void {
    this.commands.push(command);
    this.places.push(place);
    this.kept.push(kept);
    if (kept !== undefined) this.inSession++;
  }
}

/**
 * C03 C04: goes through the entries of a batch in order. Commands reach the state machine as many at a time as can be
 * judged without the results of those before them.
 *
 * @throws RaftError `FormatUnknown` for what a newer version wrote (R15).
 */
export function* applying(batch: CommandBatch, table: SessionTable, codec: SessionCodec): Steps {
  const entries: Gathered[] = [];
  batch.each((payload, index, term, logTimeMs) => entries.push({ payload, index, term, logTimeMs }));
  const results: unknown[] = new Array(entries.length).fill(undefined);
  const repeats: { readonly place: number; readonly kept: KeptResult }[] = [];
  let group = new Group();
  for (let place = 0; place < entries.length; place++) {
    const entry = entries[place] as Gathered;
    const { payload, index, term, logTimeMs } = entry;
    if (payload[0] !== SESSION_MARK) {
      group.add(entry, place);
      continue;
    }
    switch (payload[1]) {
      case EntryKind.escaped:
        group.add({ payload: payload.subarray(ESCAPE_BYTES), index, term, logTimeMs }, place);
        continue;
      case EntryKind.openByIndex:
      case EntryKind.openByNonce: {
        if (group.commands.length > 0) group = yield* execute(group, results, table, codec);
        const said = orRejected(readOpenSession, payload);
        if (said instanceof Rejected) results[place] = said;
        else {
          const number = payload[1] === EntryKind.openByNonce ? sessionNumber(said.nonce, index) : index;
          results[place] = table.open(said.nonce, said.options, number, logTimeMs);
        }
        continue;
      }
      case EntryKind.inSession: {
        const said = orRejected(readInSession, payload);
        if (said instanceof Rejected) {
          results[place] = said;
          continue;
        }
        // Whether sessions expire for the results of the group must be known before the next command is judged.
        if (group.commands.length > 0 && !table.hasRoomFor(group.inSession + 1))
          group = yield* execute(group, results, table, codec);
        const verdict = table.admit(said.session, said.sequence, said.lowestUnanswered, logTimeMs);
        if (verdict instanceof SessionRefused) results[place] = verdict;
        else if (verdict.isNew) group.add({ payload: said.command, index, term, logTimeMs }, place, verdict.result);
        else repeats.push({ place, kept: verdict.result });
        continue;
      }
      default:
        throw unknownKind("command", payload[1]);
    }
  }
  if (group.commands.length > 0) yield* execute(group, results, table, codec);
  for (const { place, kept } of repeats) results[place] = told(kept, codec);
  return results;
}

function* execute(
  { commands, places, kept }: Group,
  results: unknown[],
  table: SessionTable,
  codec: SessionCodec,
): Generator<readonly Gathered[], Group, Results> {
  const own = yield commands;
  if (own.length !== commands.length)
    throw new Error(`apply returned ${own.length} results for ${commands.length} commands; it owes one for each`);
  for (let i = 0; i < own.length; i++) {
    results[places[i] as number] = own[i];
    const result = kept[i];
    if (result !== undefined) table.keep(result, codec.encodeResult(own[i]));
  }
  table.enforceBounds();
  return new Group();
}

/** What the execution before resulted in, told once more. */
function told({ bytes }: KeptResult, codec: SessionCodec): unknown {
  if (bytes) return codec.decodeResult(bytes);
  return new SessionRefused("ResultNotKept", "The command was executed once; its result was too long to be kept.");
}

/** Bytes that are nothing the session layer could do are rejected, as a state machine rejects its own. */
function orRejected<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | Rejected {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof RaftError && error.code === "BadCommand") return new Rejected("BadCommand", error.message);
    throw error;
  }
}
