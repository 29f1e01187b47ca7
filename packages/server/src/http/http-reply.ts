import type { ServerResponse } from "node:http";

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

/** What a route answers. */
export interface HttpReply {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
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
export function send(response: ServerResponse, reply: HttpReply): void {
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
  response.writeHead(reply.status, { ...reply.headers, "content-type": reply.type, "content-length": body.length });
  response.end(body);
}
