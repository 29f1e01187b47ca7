import { MEMBER_SCOPES } from "./member-scopes.js";
import type { Scope } from "./scope.js";
import { SNAPSHOT_SCOPES } from "./snapshot-scopes.js";
import { STEADY_SCOPES } from "./steady-scopes.js";

/** What `pnpm explore` explores. */
export const SCOPES: readonly Scope[] = [...STEADY_SCOPES, ...SNAPSHOT_SCOPES, ...MEMBER_SCOPES];
