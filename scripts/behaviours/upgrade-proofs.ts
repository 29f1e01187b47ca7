import type { Proof } from "./proof.js";

const CORE = "packages/core";
const COMPOSED = "packages/statemachine-composed";
const GATE = `${CORE}/test/protocol/version-gate.test.ts`;

/** What nodes of two releases in one group owe each other. */
export const upgradeProofs: readonly Proof[] = [
  {
    // Who has said nothing is taken to know everything.
    rule: "F05",
    file: `${CORE}/src/protocol/version-gate.ts`,
    find: "peer?.announces ?? 0",
    replace: "peer?.announces || known",
    tests: [GATE],
  },
  {
    // Each step of the leader opens it once more.
    rule: "F05",
    file: `${CORE}/src/protocol/version-gate.ts`,
    find: "Math.max(formats.open, office.gate)",
    replace: "formats.open",
    tests: [GATE],
  },
  {
    rule: "F05",
    file: `${CORE}/src/protocol/catching-up.ts`,
    find: "if (tooOld !== undefined) return tooOld;",
    replace: "if (tooOld === id) return tooOld;",
    tests: [GATE],
  },
  {
    rule: "F05",
    file: `${CORE}/src/protocol/snapshot-installing.ts`,
    find: '  if (isUnreadable(s, message)) return answer(s, leader, transfer, "failed");\n',
    replace: "  isUnreadable(s, message);\n",
    tests: [GATE],
  },
  {
    // Commands on both sides of the gate are handed over in one call, before the format is told.
    rule: "F05",
    file: `${CORE}/src/components/apply-batch.ts`,
    find: "block.first > upTo || isGate(block)",
    replace: "block.first > upTo",
    tests: [`${CORE}/test/components/fsm-caller.test.ts`],
  },
  {
    rule: "F05",
    file: `${CORE}/src/components/entry-applier.ts`,
    find: "if (formatVersion > this.formats.known) throw",
    replace: "if (formatVersion < 0) throw",
    tests: [`${CORE}/test/components/fsm-caller.test.ts`],
  },
  {
    // A snapshot says nothing of what the log behind it had opened.
    rule: "F05",
    file: `${CORE}/src/node/state-formats.ts`,
    find: "Math.max(firstFormat, openFormat, snapshot?.formatVersion ?? 0)",
    replace: "Math.max(firstFormat, openFormat, snapshot === null ? 0 : firstFormat)",
    tests: [`${CORE}/test/node/recovery.test.ts`],
  },
  {
    rule: "F05",
    file: `${CORE}/src/node/state-formats.ts`,
    find: "if (newer === undefined) return;",
    replace: "if (newer?.formatVersion !== 0) return;",
    tests: [`${CORE}/test/node/recovery.test.ts`],
  },
  {
    // An old release fills a directory with what it cannot start on.
    rule: "F05",
    file: `${CORE}/src/node/restoring.ts`,
    find: "  refuseNewer(ports.stateMachine, { formatVersion: recovered.formats.known }, [about]);\n",
    replace: "  refuseNewer(ports.stateMachine, { formatVersion: recovered.formats.known }, []);\n",
    tests: ["packages/membership/test/upgrade.test.ts"],
  },
  {
    // A state that was restored begins in the first format, though what it holds is in a newer one.
    rule: "F05",
    file: `${CORE}/src/node/state-formats.ts`,
    find: "snapshot?.formatVersion ?? 0);",
    replace: "0 * (snapshot?.formatVersion ?? 0));",
    tests: ["packages/membership/test/upgrade.test.ts"],
  },
  {
    // A leader that never heard a learner when it was new makes a voter of it.
    rule: "F05",
    file: `${CORE}/src/protocol/version-gate.ts`,
    find: " || applied === 0 || !s.isVoter;",
    replace: " || applied === 0;",
    tests: ["packages/membership/test/upgrade.test.ts"],
  },
  {
    // Chance alone finds it, too: whoever has not been heard since the election is taken to know everything.
    rule: "F05",
    file: `${CORE}/src/protocol/version-gate.ts`,
    find: "least = Math.min(least, peer?.announces ?? 0);",
    replace: "least = Math.min(least, peer?.announces || known);",
    tests: ["packages/sim/test/upgrade-worlds.test.ts"],
  },
  {
    // A new release saves what only new releases read, while old ones are members.
    rule: "F05",
    file: `${CORE}/src/components/snapshot-saver.ts`,
    find: "formatVersion: fsm.openFormat",
    replace: "formatVersion: 2 * fsm.openFormat",
    tests: ["packages/membership/test/upgrade.test.ts"],
  },
  {
    // A part is told the number of the whole.
    rule: "F05",
    file: `${COMPOSED}/src/composed-state-machine.ts`,
    find: "openPart(part, line[part.name] ?? 0);",
    replace: "openPart(part, formatVersion);",
    tests: [`${COMPOSED}/test/formats.test.ts`],
  },
  {
    rule: "F05",
    file: `${COMPOSED}/src/composed-codec.ts`,
    find: "openIn(this.formats, given.to, openFormat)",
    replace: "openFormat",
    tests: [`${COMPOSED}/test/formats.test.ts`],
  },
  {
    // A part reads what a newer release of it wrote, for all that the whole's number says.
    rule: "F05",
    file: `${COMPOSED}/src/running-part.ts`,
    find: "if (formatVersion > known)",
    replace: "if (formatVersion > known + 0xffffffff)",
    tests: [`${COMPOSED}/test/formats.test.ts`],
  },
  {
    // A part that came with this release is in the snapshots that old members are sent.
    rule: "F05",
    file: `${COMPOSED}/src/composed-state-machine.ts`,
    find: "touched || line === undefined || line[name] !== undefined",
    replace: "touched || line === undefined || name !== undefined",
    tests: [`${COMPOSED}/test/formats.test.ts`],
  },
  {
    // What a client of the newer release says in a session goes into the log.
    rule: "F05",
    file: "packages/server/src/door/door-codec.ts",
    find: "codec.encodeCommand(command, openFormat());",
    replace: "codec.encodeCommand(command, openFormat() + 1);",
    tests: ["packages/server/test/open-client-door.test.ts"],
  },
  {
    rule: "F05",
    file: "packages/sessions/src/session-format.ts",
    find: "isOfSessions(formatVersion) ? formatVersion % SESSION_FORMAT : formatVersion",
    replace: "formatVersion",
    tests: ["packages/sessions/test/sessions.test.ts"],
  },
  {
    // Registrations of format 2 go into the log while members are there that read format 1 alone.
    rule: "F05",
    file: "packages/sessions/src/session-codec.ts",
    find: "openFormat !== undefined && openFormat < NONCE_FORMAT ? openByIndex : openByNonce",
    replace: "openFormat === 0 ? openByIndex : openByNonce",
    tests: ["packages/sessions/test/sessions.test.ts"],
  },
];
