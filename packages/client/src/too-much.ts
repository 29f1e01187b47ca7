import { RaftError } from "@hexraft/core/ports";
import type { ResolvedClientOptions } from "./client-options.js";
import { REQUEST_BYTES_MAX } from "./door-records.js";

/** Why one request more, of so many bytes, is not taken beside those under way; `null` if it is. */
export function tooMuch(
  bytes: number,
  { inFlightMax, inFlightBytesMax }: Pick<ResolvedClientOptions, "inFlightMax" | "inFlightBytesMax">,
  underWay: { readonly requests: number; readonly bytes: number },
): RaftError | null {
  if (bytes > REQUEST_BYTES_MAX)
    return new RaftError(
      "EntryTooLarge",
      "refused",
      `The request is ${bytes} bytes; ${REQUEST_BYTES_MAX} are the most.`,
    );
  if (underWay.requests < inFlightMax && underWay.bytes + bytes <= inFlightBytesMax) return null;
  return new RaftError(
    "Overloaded",
    "refused",
    `${underWay.requests} operations with ${underWay.bytes} bytes are under way (inFlightMax ${inFlightMax}, inFlightBytesMax ${inFlightBytesMax}); wait for some of them.`,
  );
}
