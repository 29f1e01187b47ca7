import type { FileHandle } from "@hexraft/core/ports";
import { readInto } from "../log/file-window.js";

/** Chunks that are read at once; as many again are on their way while these are looked through. */
const CHUNKS_AT_ONCE = 4;

/**
 * A part of a file, front to back, in chunks of that many bytes. The next ones are read while their taker is busy with these: a transfer
 * waits for the disk once, and not again and again. A chunk is short where the file ends early.
 *
 * Bytes handed out stay valid; or the last `heldBytesMax` of them, if that is given: then the same few rooms are filled in turn. A
 * gigabyte of rooms that are thrown away has the collector go over the whole heap dozens of times.
 */
export async function* readAhead(
  handle: FileHandle,
  from: number,
  end: number,
  chunkBytes: number,
  heldBytesMax?: number,
): AsyncGenerator<Uint8Array> {
  const pieceBytes = CHUNKS_AT_ONCE * chunkBytes;
  // What is held, what is looked through, and what is on its way.
  const rooms =
    heldBytesMax === undefined ? undefined : Array<Uint8Array | undefined>(Math.ceil(heldBytesMax / pieceBytes) + 2);
  const roomAt = (at: number): Uint8Array => {
    const bytes = Math.max(0, Math.min(pieceBytes, end - at));
    if (rooms === undefined) return new Uint8Array(bytes);
    const turn = ((at - from) / pieceBytes) % rooms.length;
    const room = (rooms[turn] ??= new Uint8Array(bytes));
    return room.subarray(0, bytes);
  };
  const read = (at: number): Promise<Uint8Array> => {
    const piece = readInto(handle, at, roomAt(at));
    piece.catch(() => {}); // who takes no more is not told; who does is
    return piece;
  };
  let coming = read(from);
  for (let at = from; at < end; at += pieceBytes) {
    const piece = await coming;
    coming = read(at + pieceBytes);
    for (let begin = 0; begin < Math.min(pieceBytes, end - at); begin += chunkBytes)
      yield piece.subarray(begin, begin + chunkBytes);
  }
}
