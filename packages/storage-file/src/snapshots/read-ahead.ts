import type { FileHandle } from "@hexraft/core/ports";
import { readFully } from "../log/file-window.js";

/** Chunks that are read at once; as many again are on their way while these are looked through. */
const CHUNKS_AT_ONCE = 4;

/**
 * A part of a file, front to back, in chunks of that many bytes. The next ones are read while their taker is busy with these: a transfer
 * waits for the disk once, and not again and again. Bytes handed out stay valid; a chunk is short where the file ends early.
 */
export async function* readAhead(
  handle: FileHandle,
  from: number,
  end: number,
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  const pieceBytes = CHUNKS_AT_ONCE * chunkBytes;
  const read = (at: number): Promise<Uint8Array> => {
    const piece = readFully(handle, at, Math.max(0, Math.min(pieceBytes, end - at)));
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
