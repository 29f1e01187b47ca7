/** What of Node.js is looked at. */
interface Builtins {
  readonly "node:async_hooks": typeof import("node:async_hooks");
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:module": typeof import("node:module");
}

/** A module of Node.js; `undefined` on another host, where less can be seen, and nothing must break. */
export const builtin = <Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined =>
  globalThis.process?.getBuiltinModule?.(name);
