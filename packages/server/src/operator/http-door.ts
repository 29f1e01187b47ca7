import { type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { RaftError } from "@hexraft/core/ports";
import { PASSWORD_VARIABLE } from "../access/credentials.js";
import { badField } from "../serve/bad-field.js";
import type { WhoAsks } from "./who-asks.js";

/** A node that says nothing for so long is given up, ms: it may have to write a large snapshot before it answers. */
const SILENCE_MS = 600_000;
/** Most bytes that are read of an answer that is not streamed. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** The HTTP door of one node, as the operator's commands ask it. */
export class HttpDoor {
  constructor(
    readonly url: URL,
    private readonly who: WhoAsks,
  ) {}

  /** What a `GET` answers, as JSON. @throws RaftError */
  async json<T>(path: string): Promise<T> {
    const text = await textOf(await this.get(path));
    try {
      return JSON.parse(text) as T;
    } catch {
      const { origin } = this.url;
      throw new RaftError("BadMessage", "refused", `${origin} answers ${path} as no node does; is that its HTTP door?`);
    }
  }

  /** What a `GET` answers, as it comes. @throws RaftError if it is refused, also while it comes. */
  async bytes(path: string): Promise<AsyncIterable<Uint8Array>> {
    return this.bytesOf(await this.get(path));
  }

  private async *bytesOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    let received = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        received += chunk.length;
        yield chunk;
      }
    } catch (error) {
      const announced = response.headers["content-length"] ?? "?";
      throw lost(`${this.url.origin} broke off after ${received} of ${announced} bytes`, error);
    }
  }

  private async get(path: string): Promise<IncomingMessage> {
    const { url, who } = this;
    const { credentials, ca } = who;
    const send = url.protocol === "https:" ? requestTls : request;
    const auth = credentials === undefined ? {} : { auth: `${credentials.user}:${credentials.password}` };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = send(new URL(path, url), { ...auth, ca, agent: false, timeout: SILENCE_MS }, resolve);
      asked.once("timeout", () => asked.destroy(new Error(`it said nothing for ${SILENCE_MS} ms`)));
      asked.once("error", (error) => reject(lost(`${url.origin} cannot be asked`, error)));
      asked.end();
    });
    if (response.statusCode === 200) return response;
    throw await this.refusal(response);
  }

  private async refusal(response: IncomingMessage): Promise<RaftError> {
    const status = response.statusCode ?? 0;
    const said = await textOf(response);
    let reason = said.trim();
    try {
      reason = (JSON.parse(said) as { readonly message?: string }).message ?? reason;
    } catch {
      // Somebody else than a node answers there.
    }
    const whole = `${this.url.origin} answers ${status}: ${reason}`;
    if (status === 401 || status === 403)
      return new RaftError(
        "AccessDenied",
        "refused",
        `${whole} Name a user who may with --user, and the password in ${PASSWORD_VARIABLE}.`,
      );
    return new RaftError(status === 503 ? "Overloaded" : "BadMessage", "refused", whole);
  }
}

/** What a path ends in to ask about a group; nothing for the only one. */
export const ofGroup = (sign: "?" | "&", group: string | undefined): string =>
  group === undefined ? "" : `${sign}group=${encodeURIComponent(group)}`;

/** Reads `http://host:port`, or `host:port`; with `--ca` nothing but TLS is spoken. @throws RaftError `BadOption`. */
export function parseDoors(list: string, { ca }: Pick<WhoAsks, "ca">): URL[] {
  return list.split(",").map((each) => {
    const text = each.trim();
    const rule = "must list the HTTP doors of nodes, as http://host:port or host:port, with commas between them";
    try {
      const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `${ca === undefined ? "http" : "https"}://${text}`);
      const { protocol, username, password, pathname } = url;
      if (password !== "") throw badField("--from", "…", "must not hold a password; see --user");
      if (protocol === "http:" && ca !== undefined)
        throw badField("--from", text, "must be https://… or host:port where --ca says who vouches for it");
      if (!/^https?:$/.test(protocol) || username !== "" || pathname !== "/" || text === "") throw new Error("other");
      return url;
    } catch (error) {
      throw error instanceof RaftError ? error : badField("--from", list, rule);
    }
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > TEXT_BYTES_MAX) break;
  }
  return text;
}

const lost = (what: string, error: unknown): RaftError =>
  new RaftError("ConnectionLost", "refused", `${what}: ${error instanceof Error ? error.message : String(error)}`);
