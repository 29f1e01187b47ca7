import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** A request that cannot be answered as asked: what the client is told instead. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  constructor(
    readonly status: number,
    /** Short and stable, for programs. */
    readonly error: string,
    message: string,
    /** Sent with it. */
    readonly extra: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** A body that is made while it is sent. */
export interface StreamedBody {
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** A receiver that takes nothing for so long is hung up on, ms. */
  readonly stallMs: number;
  /** It has ended, well or not. */
  readonly done: () => void;
}

/** What a route answers. */
export interface HttpReply {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string | StreamedBody;
  readonly headers?: Readonly<Record<string, string>>;
  /** Q08: a key of the group that answered, where the route knows one. */
  readonly about?: Uint8Array;
}

/** A JSON answer. Integers beyond 2⁵³ become strings: as numbers most readers would round them without a word. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpReply {
  const body = JSON.stringify(value, (_name, field: unknown) => {
    if (typeof field !== "bigint") return field;
    const number = Number(field);
    return Number.isSafeInteger(number) ? number : field.toString();
  });
  return { status, type: "application/json; charset=utf-8", body: `${body}\n`, headers };
}

/** Plain text. */
export const text = (status: number, body: string): HttpReply => ({ status, type: "text/plain; charset=utf-8", body });

/** Bytes as they are. */
export const bytes = (status: number, body: Uint8Array): HttpReply => ({
  status,
  type: "application/octet-stream",
  body,
});

/** Sends it. */
export function send(response: ServerResponse, { status, type, body, headers }: HttpReply): void {
  const head = (length: number) =>
    response.writeHead(status, { ...headers, "content-type": type, "content-length": length });
  const streamed = typeof body === "object" && "bytes" in body ? body : undefined;
  // Its client has gone meanwhile.
  if (response.destroyed) return streamed?.done();
  if (streamed !== undefined) {
    head(streamed.sizeBytes);
    response.setTimeout(streamed.stallMs, () => response.destroy());
    // A body that breaks off is shorter than its head says: that is how its receiver hears of it.
    void pipeline(Readable.from(streamed.bytes, { objectMode: false }), response)
      .catch(() => response.destroy())
      .finally(streamed.done);
    return;
  }
  const whole = typeof body === "string" ? Buffer.from(body) : (body as Uint8Array);
  head(whole.length);
  response.end(whole);
}
