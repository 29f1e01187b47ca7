import type { Law } from "./law.js";

/** Two things that should be the same: what a law expects, and what the adapter under test did. */
export class Difference extends Error {
  constructor(
    message: string,
    readonly expected: unknown,
    readonly actual: unknown,
  ) {
    super(message);
  }
}

/**
 * A law that does not hold over an adapter. It bears the name that test runners give a failed assertion, with what was
 * expected and what was seen, so that no runner takes it for a test that broke by itself; it needs nothing of Node.js.
 */
export class BrokenLaw extends Error {
  static {
    // On the prototype, where it is found while the stack's first line is made.
    BrokenLaw.prototype.name = "AssertionError";
  }
  /** As `node:assert` marks its own: its runner then shows the values beside each other. */
  readonly code = "ERR_ASSERTION";
  /** The law's id: the rules it holds, and what must be seen. */
  readonly law: string;
  /** What should have been seen. An adapter that threw where it must not: that it does not throw. */
  readonly expected: unknown;
  /** What was seen, or what the adapter threw. */
  readonly actual: unknown;

  /** The message is what was seen, the law and its reason; `cause` is what the law's run threw. */
  constructor({ id, why }: Pick<Law, "id" | "why">, cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`${message}\n  the law: ${id}\n  its reason: ${why}`, { cause });
    this.law = id;
    const [expected, actual] =
      cause instanceof Difference ? [cause.expected, cause.actual] : ["no error", `${nameOf(cause)}${message}`];
    this.expected = expected;
    this.actual = actual;
  }
}

const nameOf = (cause: unknown): string => (cause instanceof Error ? `${cause.name}: ` : "");
