import { RaftError } from "@hexraft/core/ports";

/*
 * A part's bytes under its name: u8 length of the name, the name, ASCII, and the bytes up to the end. A name is 1–64 characters,
 * so that nothing here begins with the byte 0, which stands for something else.
 */

/** A part's bytes, and whose they are. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Lays a name before bytes. */
export function layOutNamed(name: string, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + name.length + bytes.length);
  out[0] = name.length;
  for (let i = 0; i < name.length; i++) out[1 + i] = name.charCodeAt(i);
  out.set(bytes, 1 + name.length);
  return out;
}

/** Reads it again. @throws RaftError `BadCommand`. */
export function readNamed(bytes: Uint8Array): NamedBytes {
  const length = bytes[0] ?? 0;
  if (length === 0 || length > 64 || bytes.length < 1 + length)
    throw new RaftError("BadCommand", "refused", `${bytes.length} bytes that begin with no name of a state machine`);
  return { name: String.fromCharCode(...bytes.subarray(1, 1 + length)), bytes: bytes.subarray(1 + length) };
}
