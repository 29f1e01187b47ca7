import type { IncomingMessage } from "node:http";
import { HttpProblem } from "./http-reply.js";

/** C03: the headers that give a command its number. */
export const NUMBER_HEADERS = {
  session: "hexraft-session",
  sequence: "hexraft-sequence",
  acknowledged: "hexraft-acknowledged",
} as const;

/** A request, as far as routes look at it. */
export interface HttpRequest {
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Media type without parameters, lower case; empty if none was named. */
  readonly contentType: string;
  readonly accept: string;
  /** C03: the headers that give a command its number, as far as they are there. */
  readonly number: Readonly<Record<keyof typeof NUMBER_HEADERS, string | undefined>>;
  /** Reads the body, under the bound. @throws HttpProblem 413 */
  body(): Promise<Buffer>;
}

/** Understands the head of a request. The path is left as it came: to a URL `%2e%2e` is a step up, here it is a key. */
export function readRequest(message: IncomingMessage, bodyBytesMax: number): HttpRequest {
  const target = message.url ?? "/";
  const mark = target.indexOf("?");
  return {
    method: message.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    contentType: (message.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
    accept: message.headers.accept ?? "",
    number: {
      session: headerOf(message, NUMBER_HEADERS.session),
      sequence: headerOf(message, NUMBER_HEADERS.sequence),
      acknowledged: headerOf(message, NUMBER_HEADERS.acknowledged),
    },
    body: () => readBody(message, bodyBytesMax),
  };
}

/** One that came twice is joined by a comma, and so is no number. */
const headerOf = ({ headers }: IncomingMessage, name: string): string | undefined => headers[name]?.toString();

async function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = () =>
    new HttpProblem(
      413,
      "TooLarge",
      `The body is larger than ${bytesMax} bytes.`,
      { bytesMax },
      { connection: "close" },
    );
  if (Number(message.headers["content-length"] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** A key out of a path, byte for byte: `%ff` is the byte 255. @throws HttpProblem 400 */
export function keyOfPath(encoded: string): Buffer {
  if (encoded === "")
    throw new HttpProblem(400, "BadRequest", "The key is empty; name it behind the last slash, url-encoded.");
  if (/%(?![0-9a-fA-F]{2})/.test(encoded))
    throw new HttpProblem(400, "BadRequest", "The key's url-encoding is broken.");
  return Buffer.from(
    encoded.replaceAll(/%([0-9a-fA-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

/** A switch: `?nx`, `?nx=1` and `?nx=true` switch it on. @throws HttpProblem 400 */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === "0" || value === "false") return false;
  if (value === "" || value === "1" || value === "true") return true;
  throw new HttpProblem(400, "BadRequest", `${name} is ${JSON.stringify(value)}, but it must be 1 or 0.`);
}

/** A whole number, or undefined if it is not given. @throws HttpProblem 400 */
export function wholeOf(query: URLSearchParams, name: string, low: number, high: number): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= low && number <= high))
    throw new HttpProblem(
      400,
      "BadRequest",
      `${name} is ${JSON.stringify(value)}, but it must be a whole number from ${low} to ${high}.`,
    );
  return number;
}

/** Refuses parameters that the route does not know: a misspelt `ttlms` must not write for ever. @throws HttpProblem 400 */
export function onlyParameters(query: URLSearchParams, ...known: readonly string[]): void {
  for (const name of query.keys()) {
    if (query.getAll(name).length > 1)
      throw new HttpProblem(400, "BadRequest", `${JSON.stringify(name)} is said more than once.`);
    if (!known.includes(name))
      throw new HttpProblem(
        400,
        "BadRequest",
        `${JSON.stringify(name)} is not a parameter here; known are ${known.join(", ") || "none"}.`,
      );
  }
}
