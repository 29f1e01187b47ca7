import type { ServiceIdentifier } from "inversify";

/**
 * Makes the DI token of a port. Port and token share one name, so that one import brings both, and the token keeps the
 * port's type. Tokens are global symbols: two copies of this package in one process still agree.
 */
export const token = <T>(name: string): ServiceIdentifier<T> => Symbol.for(`hexraft.${name}`);
