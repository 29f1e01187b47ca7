import { AssertionError } from "node:assert";
import { performance } from "node:perf_hooks";

/** Waits until the condition holds; fails with `what` after the deadline. */
export async function eventually(what: string, isSo: () => boolean, deadlineMs = 15_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!isSo()) {
    if (performance.now() > end)
      throw new AssertionError({ message: `did not come true within ${deadlineMs} ms: ${what}` });
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}
