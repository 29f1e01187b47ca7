import { RaftError } from "../model/errors.js";

/*
 * What a snapshot's stream holds, in format 1: u32 little-endian length of the session table, the table (empty for now),
 * and the state machine's bytes up to the end. Chunk borders mean nothing.
 */
const LENGTH_BYTES = 4;
const NO_SESSIONS = new Uint8Array(LENGTH_BYTES);

/** The stream of a snapshot with this state. */
export async function* snapshotStream(state: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield NO_SESSIONS;
  yield* state;
}

/**
 * The state machine's part of a snapshot's stream.
 *
 * @throws RaftError `Damaged` if the stream ends inside the session table.
 */
export async function* stateOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let prefix = 0;
  let length = 0;
  let skip = 0;
  for await (const chunk of stream) {
    let at = 0;
    for (; prefix < LENGTH_BYTES && at < chunk.length; at++) length += (chunk[at] as number) * 256 ** prefix++;
    if (prefix < LENGTH_BYTES) continue;
    const left = Math.min(length - skip, chunk.length - at);
    skip += left;
    at += left;
    if (at < chunk.length) yield at === 0 ? chunk : chunk.subarray(at);
  }
  if (prefix < LENGTH_BYTES || skip < length)
    throw new RaftError("Damaged", "refused", "The snapshot's stream ends inside its session table.");
}

/**
 * Bytes of a stream that are only moved, from a file to a socket or back, and that share a turn: some two milliseconds' work. A busy
 * node's turn takes longer than that, and a turn for each piece would be all that a transfer does.
 */
export const MOVED_BYTES_PER_TURN = 1024 * 1024;

/**
 * The same bytes, with a turn after each chunk, or after so many bytes, so that a state of any size holds up no heartbeat (S08).
 */
export async function* paced(
  bytes: AsyncIterable<Uint8Array>,
  turn: () => Promise<void>,
  bytesPerTurn = 0,
): AsyncGenerator<Uint8Array> {
  let inThisTurn = 0;
  for await (const chunk of bytes) {
    inThisTurn += chunk.length;
    yield chunk;
    if (inThisTurn < bytesPerTurn) continue;
    inThisTurn = 0;
    await turn();
  }
}
