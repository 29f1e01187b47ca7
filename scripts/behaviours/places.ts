/** A file of the protocol, as a path from the root. */
export const protocol = (name: string): string => `packages/core/src/protocol/${name}.ts`;

/** Tests of the protocol, likewise. */
export const protocolTests = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `packages/core/test/protocol/${name}.test.ts`);
