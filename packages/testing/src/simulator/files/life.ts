/** Thrown by every synchronous call of a process that is gone. Nobody catches it but the process that is no more. */
export class Crashed extends Error {
  /** `Crashed`. */
  override readonly name = "Crashed";
}

/** What a call of a process that is gone returns. */
export const NEVER = new Promise<never>(() => {});

/** One process's hold on the disk. */
export interface Life {
  alive: boolean;
  handles: number;
}
