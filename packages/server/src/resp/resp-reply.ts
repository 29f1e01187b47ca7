/** A status such as `OK`, sent as a simple string; no line break in it. */
export class RespStatus {
  constructor(readonly text: string) {}
}

/** An error answer; the first word is its code (`ERR`, `UNKNOWN`, `CLUSTERDOWN`, …). Line breaks become blanks. */
export class RespFailure {
  constructor(readonly text: string) {}
}

/** An answer as data: number and bigint → integer, null → null bulk, string and bytes → bulk, array → array. */
export type RespReply = RespStatus | RespFailure | number | bigint | null | string | Uint8Array | readonly RespReply[];

/** The usual answer of a write. */
export const OK = new RespStatus("OK");

/** Gathers encoded answers until the turn ends, so that a pipeline of a thousand commands leaves in one write. */
export class RespWriter {
  private buffer: Buffer;
  private length = 0;

  constructor(private readonly initialBytes = 4096) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Bytes gathered. */
  get pending(): number {
    return this.length;
  }

  /** Appends one answer. */
  write(reply: RespReply): void {
    if (reply === null) this.text("$-1\r\n");
    else if (typeof reply === "number" || typeof reply === "bigint") this.text(`:${reply}\r\n`);
    else if (typeof reply === "string") this.bulk(Buffer.from(reply));
    else if (reply instanceof Uint8Array) this.bulk(reply);
    else if (reply instanceof RespStatus) this.text(`+${reply.text}\r\n`);
    else if (reply instanceof RespFailure) this.text(`-${reply.text.replaceAll(/[\r\n]+/g, " ")}\r\n`);
    else {
      this.text(`*${reply.length}\r\n`);
      for (const element of reply) this.write(element);
    }
  }

  /** Hands the bytes over and begins anew; the writer never touches them again. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(this.initialBytes);
    this.length = 0;
    return taken;
  }

  private bulk(bytes: Uint8Array): void {
    this.text(`$${bytes.length}\r\n`);
    this.room(bytes.length + 2);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
    this.text("\r\n");
  }

  private text(text: string): void {
    // UTF-8 takes at most three bytes per UTF-16 unit.
    this.room(text.length * 3);
    this.length += this.buffer.write(text, this.length);
  }

  private room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
