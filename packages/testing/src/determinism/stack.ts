type Callable = (...args: never[]) => unknown;

/** The lines above a function that was called, the nearest first, as the host tells them; also its own where it cannot leave them out. */
export function stackFrom(called: Callable): string {
  if (Error.captureStackTrace === undefined) return new Error().stack ?? "";
  const at: { stack?: string } = {};
  Error.captureStackTrace(at, called);
  return at.stack ?? "";
}

/** Whether the host did it for itself. */
export const isHostsBusiness = (stack: string): boolean => isHosts(linesOf(stack)[0] ?? "") || isConsoles(stack);

/** Whether it is on the way of a line to the console, however a test runner shows it: nobody's state depends on that. */
export const isConsoles = (stack: string): boolean => stack.includes("node:internal/console");

/** The nearest line of it that is not the host's own; empty if there is none. */
export function ownLineOf(stack: string): string {
  const own = linesOf(stack).find((line) => /:\d+:\d+\)?$/.test(line) && !isHosts(line));
  return own?.replace("file://", "") ?? "";
}

const linesOf = (stack: string): readonly string[] =>
  stack.split("\n").flatMap((line) => /^\s*at (.*)$/.exec(line)?.[1] ?? []);

const isHosts = (line: string): boolean => /(^|\()node:/.test(line);
