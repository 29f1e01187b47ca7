import { allows, type Role } from "../access/role.js";
import { judge } from "../kv/kv-service.js";
import { numbered } from "../kv/numbered.js";
import { BadArgument, textOf, wordOf } from "./arguments.js";
import type { CommandCall, CommandContext, CommandSpec } from "./command-spec.js";
import { CONNECTION } from "./commands/connection.js";
import { HEXRAFT } from "./commands/hexraft.js";
import { introspection } from "./commands/introspection.js";
import { KEYS } from "./commands/keys.js";
import { STRINGS } from "./commands/strings.js";
import type { Runnable } from "./resp-connection.js";
import type { RespCommand } from "./resp-protocol.js";
import { RespFailure, type RespReply } from "./resp-reply.js";
import type { RespSession } from "./resp-session.js";

const SPECS: readonly CommandSpec[] = [...CONNECTION, ...HEXRAFT, ...STRINGS, ...KEYS];
const TABLE = new Map([...SPECS, introspection(SPECS)].map((spec) => [spec.name, spec]));

/** Finds the command and checks how many arguments it has; what is wrong becomes the answer, in Redis's own words. */
export function understandCommand(command: RespCommand, session: RespSession, context: CommandContext): Runnable {
  const [name, ...args] = command as [Buffer, ...Buffer[]];
  const spec = TABLE.get(wordOf(name.subarray(0, 128)));
  if (spec === undefined) return answering(() => denied(session, "read") ?? unknownCommand(name, args));
  const { arity, touch, last = false } = spec;
  const count = command.length;
  if (arity >= 0 ? count !== arity : count < -arity)
    return answering(() => new RespFailure(`ERR wrong number of arguments for '${spec.name.toLowerCase()}' command`));
  return {
    touch,
    last,
    run: () =>
      runCommand(spec, {
        args,
        session,
        context: touch === "write" ? inItsSession(context, session) : context,
        read: (query) => context.kv.read(query, session.consistency),
      }),
  };
}

/** C03: each write that is understood takes a number, whatever becomes of it, so that its client can count along. */
function inItsSession(context: CommandContext, session: RespSession): CommandContext {
  const number = session.takeNumber();
  return number === undefined ? context : { ...context, kv: numbered(context.kv, number) };
}

function runCommand(spec: CommandSpec, call: CommandCall): RespReply | Promise<RespReply> {
  const refusal = denied(call.session, spec.needs ?? (spec.touch === "write" ? "write" : "read"), spec.name);
  if (refusal !== undefined) return refusal;
  try {
    const reply = spec.run(call);
    return reply instanceof Promise ? reply.catch(failureOf) : reply;
  } catch (error) {
    return failureOf(error);
  }
}

/** Each verdict has a code of its own, so that a client can tell what it may repeat: all but `UNKNOWN`. */
function failureOf(error: unknown): RespFailure {
  if (error instanceof BadArgument) return error.reply;
  const { verdict, message } = judge(error);
  switch (verdict) {
    case "session-expired":
      return new RespFailure(`SESSIONEXPIRED nothing was done: ${message}`);
    case "answer-gone":
      return new RespFailure(`ANSWERGONE the command may have been applied: ${message}`);
    case "unknown":
      return new RespFailure(`UNKNOWN the command may have been applied, or may still be: ${message}`);
    case "no-leader":
      return new RespFailure(`CLUSTERDOWN nothing was done: ${message}`);
    case "try-again":
      return new RespFailure(`TRYAGAIN nothing was done: ${message}`);
    case "too-large":
    case "bad-request":
    case "failed":
      return new RespFailure(`ERR ${message}`);
    default:
      return verdict satisfies never;
  }
}

const answering = (run: () => RespReply): Runnable => ({ touch: "none", run });

/** What Redis clients expect to hear if they may not: asked when the command runs, for an AUTH may stand before it. */
function denied({ identity }: RespSession, needed: Role, command = ""): RespFailure | undefined {
  if (allows(identity, needed)) return undefined;
  if (identity.name === "") return new RespFailure("NOAUTH Authentication required.");
  return new RespFailure(
    `NOPERM User ${identity.name} has no permissions to run the '${command.toLowerCase()}' command`,
  );
}

function unknownCommand(name: Buffer, args: readonly Buffer[]): RespFailure {
  const shown = args.slice(0, 8).map((argument) => `'${textOf(argument.subarray(0, 128))}' `);
  return new RespFailure(
    `ERR unknown command '${textOf(name.subarray(0, 128))}', with args beginning with: ${shown.join("")}`,
  );
}
