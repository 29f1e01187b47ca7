import { isAssertion, type TestResult } from "../lib/test-report.js";
import { packageOf, type Workbench } from "../lib/workbench.js";
import type { Proof } from "./proof.js";

/** What became of one proof. */
export interface Verdict {
  readonly proof: Proof;
  /** The test that turned red, or undefined if none did as it should. */
  readonly red?: string;
  /** Why the rule is not proved. */
  readonly why?: string;
}

/** Takes a rule out, judges what the tests say, and puts the rule back. */
export async function prove(workbench: Workbench, proof: Proof): Promise<Verdict> {
  const results = await workbench.patched([proof], () => workbench.test(testsOf(proof), { carrying: proof.rule }));
  return typeof results === "string" ? { proof, why: results } : judge(proof, results);
}

/** What a proof runs. */
export const testsOf = (proof: Proof): readonly string[] => proof.tests ?? [`${packageOf(proof)}/test/`];

function judge(proof: Proof, results: readonly TestResult[]): Verdict {
  const carrying = results.filter(({ ids, status }) => ids.has(proof.rule) && status !== "other");
  if (carrying.length === 0) return { proof, why: `no test that ran leads with ${proof.rule}` };
  const failed = carrying.filter(({ status }) => status === "failed");
  const red = failed.find(({ failures }) => failures.some(isAssertion));
  if (red !== undefined) return { proof, red: `${red.file}: ${red.title}` };
  if (failed.length === 0) return { proof, why: `all ${carrying.length} tests stay green without the rule` };
  return { proof, why: `a test breaks, but by no assertion: ${failed[0]?.failures[0]?.split("\n")[0]}` };
}
