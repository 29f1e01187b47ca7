/** Thrown by every synchronous call of a process that is gone. Nobody catches it but the process that is no more. */
export class Crashed extends Error {
  /** `Crashed`. */
  override readonly name = "Crashed";
}

/** What a call of a process that is gone returns: one of its own each time, since a shared one would keep everybody who waits for it. */
export const never = (): Promise<never> => new Promise(() => {});

/** One process's hold on the disk. */
export interface Life {
  alive: boolean;
  handles: number;
}
