import { type Codec, RaftError, Rejected } from "@hexraft/core/ports";
import { type ComposedOptions, checkFormats, type FormatsOfParts, openIn } from "./formats-of-parts.js";
import { layOutNamed, readNamed } from "./named-bytes.js";
import { type ComposedCommand, checkParts, PartResult, type Parts, partNamed, type ResultOf } from "./parts.js";

/** A result without a part: u8 0, u8 length of the code, the code, ASCII, and the reason, UTF-8. */
const REJECTED = 0;

/** F04: lays out each part's commands and results with the part's own codec, under its name. */
export class ComposedCodec<P extends Parts> implements Codec<ComposedCommand<P>, PartResult<P> | Rejected> {
  private readonly formats: readonly FormatsOfParts[] | undefined;

  /** @throws RaftError `BadOption`. */
  constructor(
    private readonly parts: P,
    { formats }: ComposedOptions<P> = {},
  ) {
    checkParts(parts);
    checkFormats(parts, formats);
    this.formats = formats;
  }

  /** F03, F05. @throws RaftError `BadCommand` if there is no such part, or not yet, or the part's codec says so. */
  encodeCommand(given: ComposedCommand<P>, openFormat?: number): Uint8Array {
    if (typeof given !== "object" || given === null)
      throw new RaftError("BadCommand", "refused", "A command names its state machine: { to, command }.");
    const { codec } = partNamed(this.parts, given.to);
    return layOutNamed(given.to, codec.encodeCommand(given.command, openIn(this.formats, given.to, openFormat)));
  }

  /** The command again. @throws RaftError `BadCommand`, or what the part's codec throws. */
  decodeCommand(given: Uint8Array): ComposedCommand<P> {
    const { name, bytes } = readNamed(given);
    return { to: name, command: partNamed(this.parts, name).codec.decodeCommand(bytes) } as ComposedCommand<P>;
  }

  /** A part's result, or what a part, or this, rejected. */
  encodeResult(given: PartResult<P> | Rejected): Uint8Array {
    if (!(given instanceof Rejected))
      return layOutNamed(given.from, partNamed(this.parts, given.from).codec.encodeResult(given.result));
    const [code, reason] = [given.code, given.reason].map((text) => new TextEncoder().encode(text)) as [
      Uint8Array,
      Uint8Array,
    ];
    if (code.length > 255)
      throw new RaftError("BadCommand", "refused", `The code ${given.code} is over 255 bytes long.`);
    const out = new Uint8Array(2 + code.length + reason.length);
    out.set([REJECTED, code.length]);
    out.set(code, 2);
    out.set(reason, 2 + code.length);
    return out;
  }

  /** The result again. @throws RaftError `BadCommand`, or what the part's codec throws. */
  decodeResult(given: Uint8Array): PartResult<P> | Rejected {
    if (given[0] === REJECTED) {
      const end = 2 + (given[1] ?? 0);
      if (given.length < Math.max(2, end))
        throw new RaftError("BadCommand", "refused", "a rejection that ends in its code");
      return new Rejected(textOf(given.subarray(2, end)), textOf(given.subarray(end)));
    }
    const { name, bytes } = readNamed(given);
    const result = partNamed(this.parts, name).codec.decodeResult(bytes) as ResultOf<P[keyof P & string]>;
    return new PartResult<P>(name, result);
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RaftError("BadCommand", "refused", "a rejection that is no text");
  }
}
