import type { Consistency } from "@hexraft/core";
import { HttpProblem } from "./http-reply.js";
import { wholeOf } from "./http-request.js";

/** The parameters by which a read says how new its answer must be. */
export const CONSISTENCY = ["consistency", "maxStalenessMs", "atLeast"] as const;

const NAMED: ReadonlySet<string> = new Set(["linearizable", "lease", "local"]);
const STALENESS_MS_MAX = 2 ** 32;

/** Q01, Q05, Q06, Q08: how new the answer must be; linearizable unless said. @throws HttpProblem 400 */
export function consistencyOf(query: URLSearchParams): Consistency {
  if (CONSISTENCY.filter((name) => query.has(name)).length > 1)
    throw new HttpProblem(400, "BadRequest", `Give at most one of ${CONSISTENCY.join(", ")}.`);
  const maxStalenessMs = wholeOf(query, "maxStalenessMs", 0, STALENESS_MS_MAX);
  if (maxStalenessMs !== undefined) return { maxStalenessMs };
  const atLeast = query.get("atLeast");
  if (atLeast !== null) return { atLeast: /^\d{1,15}$/.test(atLeast) ? Number(atLeast) : atLeast };
  const named = query.get("consistency") ?? "linearizable";
  if (!NAMED.has(named))
    throw new HttpProblem(
      400,
      "BadRequest",
      `consistency is ${JSON.stringify(named)}, but it must be linearizable, lease or local.`,
    );
  return named as "linearizable" | "lease" | "local";
}
