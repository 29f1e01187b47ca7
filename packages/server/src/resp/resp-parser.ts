import { splitInline } from "./inline-command.js";
import { DEFAULT_RESP_LIMITS, type RespCommand, type RespLimits, RespProtocolError } from "./resp-protocol.js";

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const NOTHING = Buffer.alloc(0);

/**
 * Takes RESP2 requests out of a byte stream, wherever the network cuts it. What was understood is kept, so that a large
 * argument arriving in a thousand pieces is copied once and not a thousand times.
 */
export class RespParser {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private head: Buffer = NOTHING;
  private at = 0;

  private args: Buffer[] = [];
  private argsExpected = 0;
  private commandBytes = 0;
  /** Length of the argument whose bytes come next; −1: its header comes next. */
  private bulkLength = -1;

  constructor(private readonly limits: RespLimits = DEFAULT_RESP_LIMITS) {}

  /** Takes what arrived. */
  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Whether part of a command is here. */
  get isAmidst(): boolean {
    return this.bytes > 0 || this.argsExpected > 0;
  }

  /**
   * The next whole command, or undefined until more arrives. Empty lines and empty arrays ask for nothing and are skipped.
   *
   * @throws RespProtocolError; the parser is of no use afterwards.
   */
  next(): RespCommand | undefined {
    for (;;) {
      if (this.argsExpected === 0) {
        const line = this.line("too big inline request");
        if (line === undefined) return undefined;
        if (line.length === 0) continue;
        if (line[0] !== STAR) {
          const words = splitInline(line);
          if (words.length === 0) continue;
          return words;
        }
        const count = integer(line, "invalid multibulk length");
        if (count > this.limits.argumentsMax) throw new RespProtocolError("invalid multibulk length");
        if (count <= 0) continue;
        this.args = [];
        this.argsExpected = count;
        this.commandBytes = 0;
      }
      if (this.bulkLength < 0) {
        const line = this.line("too big bulk count string");
        if (line === undefined) return undefined;
        if (line[0] !== DOLLAR) throw new RespProtocolError(`expected '$', got '${printable(line)}'`);
        const length = integer(line, "invalid bulk length");
        if (length < 0 || length > this.limits.bulkBytesMax) throw new RespProtocolError("invalid bulk length");
        this.commandBytes += length;
        if (this.commandBytes > this.limits.commandBytesMax) throw new RespProtocolError("too big command");
        this.bulkLength = length;
      }
      if (this.bytes < this.bulkLength + 2) return undefined;
      const argument = this.take(this.bulkLength + 2);
      if (argument[this.bulkLength] !== CR || argument[this.bulkLength + 1] !== LF)
        throw new RespProtocolError("expected CRLF after an argument");
      this.args.push(argument.subarray(0, this.bulkLength));
      this.bulkLength = -1;
      if (this.args.length === this.argsExpected) {
        this.argsExpected = 0;
        return this.args;
      }
    }
  }

  /** A line without its end, or undefined until it is whole. */
  private line(tooLong: string): Buffer | undefined {
    for (;;) {
      const end = this.head.indexOf(LF, this.at);
      if (end >= 0) {
        if (end - this.at > this.limits.inlineBytesMax) throw new RespProtocolError(tooLong);
        const line = this.take(end + 1 - this.at);
        const length = line.length >= 2 && line[line.length - 2] === CR ? line.length - 2 : line.length - 1;
        return line.subarray(0, length);
      }
      if (this.chunks.length > 0) {
        this.join();
        continue;
      }
      if (this.bytes > this.limits.inlineBytesMax) throw new RespProtocolError(tooLong);
      return undefined;
    }
  }

  /** Removes `length` bytes that are known to be here. */
  private take(length: number): Buffer {
    if (this.head.length - this.at < length) this.join();
    const taken = this.head.subarray(this.at, this.at + length);
    this.at += length;
    this.bytes -= length;
    return taken;
  }

  private join(): void {
    const rest = this.head.subarray(this.at);
    const next = this.chunks.length === 1 && rest.length === 0 ? this.chunks[0] : undefined;
    this.head = next ?? Buffer.concat([rest, ...this.chunks], this.bytes);
    this.chunks.length = 0;
    this.at = 0;
  }
}

/** The number behind the type byte: digits only, so that `*1e9` and `$ 5` are refused and not guessed. */
function integer(line: Buffer, complaint: string): number {
  const text = line.toString("latin1", 1);
  if (!/^-?\d{1,15}$/.test(text)) throw new RespProtocolError(complaint);
  return Number(text);
}

function printable(line: Buffer): string {
  const byte = line[0];
  return byte === undefined
    ? "end of line"
    : byte >= 32 && byte < 127
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
}
