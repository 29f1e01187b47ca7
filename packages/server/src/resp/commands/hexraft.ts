import type { Consistency } from "@hexraft/core";
import type { KvService } from "../../kv/kv-service.js";
import { BadArgument, syntaxError, textOf, wordOf } from "../arguments.js";
import { type CommandCall, type CommandSpec, NO_KEYS } from "../command-spec.js";
import { OK, type RespReply } from "../resp-reply.js";
import { sessionOf } from "./session.js";

/**
 * What Redis has no words for: how new the answers of this connection's reads must be (Q05, Q06, Q08), and under which numbers
 * its writes are done once (C03).
 */
export const HEXRAFT: readonly CommandSpec[] = [
  {
    name: "HEXRAFT",
    arity: -2,
    // What comes before it is answered under the old setting, and is in the token.
    touch: "connection",
    needs: "read",
    keys: NO_KEYS,
    summary:
      "CONSISTENCY [LINEARIZABLE | LEASE | LOCAL | MAXSTALENESS ms | ATLEAST token]: of this connection's reads. TOKEN [key]. " +
      "SESSION [OPEN [nonce] | USE session sequence [acknowledged] | ACK sequence | OFF]: numbers of this connection's writes.",
    run: (call) => hexraft(call),
  },
];

function hexraft(call: CommandCall): RespReply | Promise<RespReply> {
  const { args, session, context } = call;
  const [subcommand, ...words] = args as [Buffer, ...Buffer[]];
  switch (wordOf(subcommand)) {
    case "TOKEN":
      return tokenOf(context.kv, words);
    case "CONSISTENCY":
      if (words.length === 0) return wordsOf(session.consistency);
      session.consistency = consistencyOf(words);
      return OK;
    case "SESSION":
      return sessionOf(call, words);
    default:
      throw new BadArgument(
        `ERR unknown subcommand '${textOf(subcommand).slice(0, 128)}'. Try CONSISTENCY, TOKEN, SESSION.`,
      );
  }
}

/** Q08. Where several groups are served a token is one group's, and the key says which. */
function tokenOf(kv: KvService, [key, ...more]: readonly Buffer[]): RespReply {
  if (more.length > 0) throw syntaxError();
  const token = kv.readToken(key);
  if (token !== "") return token;
  throw new BadArgument("ERR several groups are served here; say HEXRAFT TOKEN key, for the group of that key");
}

function consistencyOf([word, value, ...more]: readonly Buffer[]): Consistency {
  const name = wordOf(word as Buffer);
  if (more.length > 0) throw syntaxError();
  if (value === undefined) {
    if (name === "LINEARIZABLE" || name === "LEASE" || name === "LOCAL")
      return name.toLowerCase() as "linearizable" | "lease" | "local";
    throw syntaxError();
  }
  const text = textOf(value);
  if (name === "ATLEAST") return { atLeast: /^\d{1,15}$/.test(text) ? Number(text) : text };
  if (name !== "MAXSTALENESS" || !/^\d{1,15}$/.test(text)) throw syntaxError();
  return { maxStalenessMs: Number(text) };
}

function wordsOf(consistency: Consistency): RespReply {
  if (typeof consistency === "string") return [consistency];
  return "atLeast" in consistency
    ? ["atleast", String(consistency.atLeast)]
    : ["maxstaleness", String(consistency.maxStalenessMs)];
}
