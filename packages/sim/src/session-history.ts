import { Rejected } from "@hexraft/core";
import { InSession, OpenSession, type SessionRefusal } from "@hexraft/sessions";
import type { Operation } from "@hexraft/testing/simulator";

/**
 * What clients with sessions wanted, each command once, however often they said it: it was begun when it was said first, and it is known
 * how it ended when somebody said so for the first time. Registrations are nobody's business but the session layer's.
 */
export function saidOnce(operations: readonly Operation[]): readonly Operation[] {
  const tries = new Map<InSession, Operation[]>();
  const wanted: Operation[] = [];
  for (const operation of operations) {
    const { act } = operation;
    if (act.kind === "read" || !(act.command instanceof InSession || act.command instanceof OpenSession))
      wanted.push(operation);
    else if (act.command instanceof InSession) {
      const before = tries.get(act.command);
      if (before === undefined) tries.set(act.command, [operation]);
      else before.push(operation);
    }
  }
  for (const [{ command }, all] of tries) wanted.push(joined(command, all));
  return wanted.toSorted((a, b) => a.invokedAt - b.invokedAt);
}

function joined(command: unknown, tries: readonly Operation[]): Operation {
  const [first] = tries as readonly [Operation];
  const began = { ...first, act: { kind: "apply", command } } as const;
  const told = tries.find(({ outcome, output }) => outcome === "ok" && !isRefusal(output));
  if (told !== undefined) return { ...began, outcome: "ok", output: told.output, returnedAt: told.returnedAt };
  // A try that was refused, by a node or by its session, did nothing; of all others nobody knows.
  const isKnown = tries.every(({ outcome }) => outcome === "refused" || outcome === "ok");
  return { ...began, outcome: isKnown ? "refused" : "unknown", returnedAt: Number.POSITIVE_INFINITY };
}

const DID_NOTHING: readonly string[] = ["SessionExpired", "AlreadyAcknowledged"] satisfies SessionRefusal[];

/** By its code: a follower that passes an answer on knows no more of it. */
const isRefusal = (answer: unknown): boolean => answer instanceof Rejected && DID_NOTHING.includes(answer.code);
