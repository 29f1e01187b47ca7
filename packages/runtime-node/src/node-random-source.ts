import { randomBytes } from "node:crypto";
import type { RandomSource } from "@hexraft/core/ports";

/** The host's cryptographic source: cluster ids and incarnations must not be guessable. Draws for timers are rare, so they may cost a microsecond. */
export class NodeRandomSource implements RandomSource {
  next(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }

  hex(bytes: number): string {
    return randomBytes(bytes).toString("hex");
  }
}
