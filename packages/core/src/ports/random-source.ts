import { token } from "./token.js";

/** The only source of chance. The core asks for timers between two durations; the TimerService draws here. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  next(): number;
  /** `bytes` random bytes as lower-case hexadecimal digits; unguessable in production. */
  hex(bytes: number): string;
}
/** DI token of the port. */
export const RandomSource = token<RandomSource>("RandomSource");
