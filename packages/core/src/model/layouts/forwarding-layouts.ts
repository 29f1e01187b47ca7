import { PAYLOAD_BYTES_LIMIT } from "../log-block.js";
import type { Layouts } from "./layout.js";

/** Most characters of the reason in a ProposeResponse; what is longer is cut. */
export const REASON_CHARACTERS_MAX = 1_024;
const NO_BYTES = new Uint8Array(0);
const OUTCOMES = ["ok", "refused", "unknown"] as const;
const isCode = (text: string) => /^[A-Za-z]{0,32}$/.test(text);
const isReason = (text: string) => text.length <= REASON_CHARACTERS_MAX;

/** What a follower asks the leader for, on behalf of its callers. */
export const FORWARDING_LAYOUTS: Layouts<"Propose" | "ProposeResponse" | "ReadIndex" | "ReadIndexResponse"> = {
  Propose: {
    code: 12,
    write: ({ forTerm, request, payload }) => [forTerm, request, payload],
    read: (fields) => ({
      type: "Propose",
      forTerm: fields.term("term meant"),
      request: fields.count("request"),
      payload: fields.bytes("payload", PAYLOAD_BYTES_LIMIT),
    }),
  },
  ProposeResponse: {
    code: 13,
    write: ({ request, outcome, code, reason, result, applied }) => [
      request,
      OUTCOMES.indexOf(outcome),
      code,
      sendable(reason),
      result,
      ...(applied === undefined ? [] : [applied]),
    ],
    read: (fields) => {
      const answer = {
        type: "ProposeResponse",
        request: fields.count("request"),
        outcome: fields.oneOf("outcome", OUTCOMES),
        code: fields.text("code", isCode, "must be at most 32 letters", ""),
        reason: fields.text("reason", isReason, `must be at most ${REASON_CHARACTERS_MAX} characters`, ""),
        result: fields.bytes("result", PAYLOAD_BYTES_LIMIT, NO_BYTES),
      } as const;
      const applied = fields.index("applied", 0);
      return applied === 0 ? answer : { ...answer, applied };
    },
  },
  ReadIndex: {
    code: 14,
    write: ({ request }) => [request],
    read: (fields) => ({ type: "ReadIndex", request: fields.count("request") }),
  },
  ReadIndexResponse: {
    code: 15,
    write: ({ request, confirmed, index }) => [request, confirmed, index],
    read: (fields) => ({
      type: "ReadIndexResponse",
      request: fields.count("request"),
      confirmed: fields.flag("confirmed"),
      index: fields.index("index"),
    }),
  },
};

/** A reason may come from an application's own error: cut to its bound, and without halves of characters, which no UTF-8 holds. */
function sendable(reason: string): string {
  return reason.slice(0, REASON_CHARACTERS_MAX).replace(/\p{Surrogate}/gu, "\uFFFD");
}
