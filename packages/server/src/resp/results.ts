import { Rejected } from "@hexraft/core/ports";
import { OK, RespFailure, type RespReply } from "./resp-reply.js";

/** The answer made of a result, or the error that tells why the command was rejected (F01). */
export function resultOf<R>(result: R | Rejected, answer: (result: R) => RespReply): RespReply {
  if (!(result instanceof Rejected)) return answer(result);
  switch (result.code) {
    case "NotAnInteger":
      return new RespFailure("ERR value is not an integer or out of range");
    case "OutOfRange":
      return new RespFailure("ERR increment or decrement would overflow");
    default:
      return new RespFailure(`ERR ${result.reason}`);
  }
}

/** `OK`, or why not. */
export const okOf = (result: unknown): RespReply => resultOf(result, () => OK);
