import { judge } from "../kv/kv-service.js";
import { HttpProblem, type HttpReply, json } from "./http-reply.js";

/** What `Retry-After` says, seconds: an election is over by then. */
export const RETRY_AFTER = { "retry-after": "1" };

/** C02 in the words of HTTP. */
export function problemOf(error: unknown): HttpReply {
  if (error instanceof HttpProblem) {
    const { status, message, extra, headers } = error;
    return json(status, { error: error.error, message, ...extra }, headers);
  }
  const { verdict, message } = judge(error);
  switch (verdict) {
    case "session-expired":
      return json(410, { error: "SessionExpired", outcome: "refused", message });
    case "answer-gone":
      return json(409, { error: "AnswerGone", outcome: "unknown", message });
    case "unknown":
      return json(504, { error: "Unknown", outcome: "unknown", message });
    case "no-leader":
      return json(503, { error: "NoLeader", outcome: "refused", message }, RETRY_AFTER);
    case "try-again":
      return json(503, { error: "TryAgain", outcome: "refused", message }, RETRY_AFTER);
    case "too-large":
      return json(413, { error: "TooLarge", outcome: "refused", message });
    case "bad-request":
      return json(400, { error: "BadRequest", outcome: "refused", message });
    case "failed":
      return json(500, { error: "Failed", outcome: "refused", message });
    default:
      return verdict satisfies never;
  }
}
