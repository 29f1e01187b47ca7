import type { HexraftProcess } from "./serve-process.js";

const MIB = 1024 * 1024;
const ANSWER = `
  process.on("SIGUSR2", () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    process.send({ type: "memory", bytes: heapUsed + external });
  });`;

/** What Node.js is told for a process that {@link heldBy} can ask. */
export const TELLS_MEMORY = ["--expose-gc", "--import", `data:text/javascript,${encodeURIComponent(ANSWER)}`] as const;

/** What a process holds, MiB; without garbage, as it is a matter of luck when that was collected last. */
export function heldBy({ child }: HexraftProcess): Promise<number> {
  return new Promise((resolve) => {
    const hear = (message: { readonly type: string; readonly bytes?: number }): void => {
      if (message.type !== "memory") return;
      child.off("message", hear);
      resolve((message.bytes ?? 0) / MIB);
    };
    child.on("message", hear);
    child.kill("SIGUSR2");
  });
}
