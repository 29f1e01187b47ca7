import type { Proof } from "./proof.js";

const SERVER = "packages/server";
const CLIENT = "packages/client";

/** What a service of many ranges owes beyond its groups: F08 for all of them at once, and C03 across a restore. */
export const serviceProofs: readonly Proof[] = [
  {
    // A part of another backup of the same range is taken.
    rule: "F08",
    file: `${SERVER}/src/backup/restore-service.ts`,
    find: "about.groupId === group && isDeepStrictEqual({ file: name, ...about }, parts[at])",
    replace: "about.groupId === group && isDeepStrictEqual(name, parts[at]?.file)",
    tests: [`${SERVER}/test/backup-service.test.ts`],
  },
  {
    // Ranges of two services become one.
    rule: "F08",
    file: `${SERVER}/src/backup/backup-service.ts`,
    find: "  if (clusterId === first.clusterId) return;",
    replace: "  if (clusterId !== groupId) return;",
    tests: [`${SERVER}/test/backup-service.test.ts`],
  },
  {
    // By its number a session is another client's in a cluster that was restored.
    rule: "C03",
    file: `${CLIENT}/src/session-gate.ts`,
    find: "this.session.id !== 0 && this.session.clusterId === clusterId;",
    replace: 'this.session.id !== 0 && clusterId !== "";',
    tests: [`${CLIENT}/test/client-session.test.ts`],
  },
];
