import { randomBytes } from "node:crypto";
import { NONCE_BYTES } from "@hexraft/sessions";
import { allows } from "../../access/role.js";
import { type CommandNumber, numberFault, sessionNamed, wholeNumberOf } from "../../kv/command-number.js";
import { BadArgument, syntaxError, textOf, wordOf } from "../arguments.js";
import type { CommandCall } from "../command-spec.js";
import { OK, RespFailure, type RespReply } from "../resp-reply.js";
import type { RespSession } from "../resp-session.js";

/**
 * C03: `HEXRAFT SESSION …`, exactly once over the Redis protocol. A connection says where in which session it stands, and each
 * of its writes takes the next number. Whose answer was lost says the number again, on any connection to any node, and
 * sends the command again.
 */
export function sessionOf(call: CommandCall, words: readonly Buffer[]): RespReply | Promise<RespReply> {
  const [how, ...rest] = words;
  const { session } = call;
  if (how === undefined) return told(session.nextWrite);
  switch (wordOf(how)) {
    case "OPEN":
      return opened(call, rest);
    case "USE": {
      if (rest.length !== 2 && rest.length !== 3) throw syntaxError();
      const [id, sequence, acknowledged = "0"] = rest.map(textOf) as [string, string, string?];
      session.nextWrite = checked({
        session: sessionNamed(id),
        sequence: wholeNumberOf(sequence),
        acknowledged: wholeNumberOf(acknowledged),
      });
      return OK;
    }
    case "ACK":
      if (rest.length !== 1) throw syntaxError();
      session.nextWrite = checked({ ...inUse(session), acknowledged: wholeNumberOf(textOf(rest[0] as Buffer)) });
      return OK;
    case "OFF":
      if (rest.length !== 0) throw syntaxError();
      session.nextWrite = undefined;
      return OK;
    default:
      throw syntaxError();
  }
}

/** A session for this connection; with the nonce of one that is there that one, from its first number on. */
async function opened({ session, context }: CommandCall, [nonce, ...more]: readonly Buffer[]): Promise<RespReply> {
  if (more.length > 0) throw syntaxError();
  if (!allows(session.identity, "write"))
    return new RespFailure(`NOPERM User ${session.identity.name} may read, and not write`);
  const { session: id } = await context.kv.openSession(nonce === undefined ? randomBytes(NONCE_BYTES) : nonceOf(nonce));
  session.nextWrite = { session: id, sequence: 1, acknowledged: 0 };
  return id;
}

function told(number: CommandNumber | undefined): RespReply {
  return number === undefined ? [] : [number.session, number.sequence, number.acknowledged];
}

function inUse({ nextWrite }: RespSession): CommandNumber {
  if (nextWrite === undefined) throw new BadArgument("ERR this connection uses no session; say HEXRAFT SESSION OPEN");
  return nextWrite;
}

function checked(number: CommandNumber): CommandNumber {
  const fault = numberFault(number);
  if (fault === "") return number;
  throw new BadArgument(`ERR ${fault}`);
}

function nonceOf(argument: Buffer): Buffer {
  const text = textOf(argument);
  const digits = 2 * NONCE_BYTES;
  if (text.length === digits && /^[0-9a-f]+$/i.test(text)) return Buffer.from(text, "hex");
  throw new BadArgument(`ERR a nonce is ${digits} hexadecimal digits, drawn by chance`);
}
