import type * as AsyncHooks from "node:async_hooks";
import type * as Crypto from "node:crypto";
import type * as Module from "node:module";
import type * as Timers from "node:timers";
import type * as TimerPromises from "node:timers/promises";

/** What of Node.js is looked at. */
interface Builtins {
  readonly "node:async_hooks": typeof AsyncHooks;
  readonly "node:crypto": typeof Crypto;
  readonly "node:module": typeof Module;
  readonly "node:timers": typeof Timers;
  readonly "node:timers/promises": typeof TimerPromises;
}

const host: { readonly process?: NodeJS.Process } = globalThis;

/** A module of Node.js; `undefined` on another host, where less can be seen, and nothing must break. */
export const builtin = <Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined =>
  host.process?.getBuiltinModule?.(name as string) as Builtins[Name] | undefined;
