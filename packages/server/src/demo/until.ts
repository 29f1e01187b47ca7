import { setTimeout as sleep } from "node:timers/promises";

/** How often a condition is looked at, ms. */
const STEP_MS = 25;

/**
 * Looks again and again until `look` finds something; a look that fails found nothing.
 *
 * @throws Error after `deadlineMs`, naming what was waited for; the signal's reason when it is aborted.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  signal: AbortSignal,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let trouble = "";
  for (;;) {
    signal.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      trouble = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}, in vain${trouble}`);
    await sleep(STEP_MS);
  }
}
