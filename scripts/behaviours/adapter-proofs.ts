import type { Proof } from "./proof.js";

const CLIENT = "packages/client";
const KV = "packages/statemachine-kv";
const SESSIONS = "packages/sessions";
const COMPOSED = "packages/statemachine-composed";

/** What the core asks of its other ports, in the adapters and the client that owe it. */
export const adapterProofs: readonly Proof[] = [
  {
    // Whatever failed is sent again.
    rule: "C05",
    file: `${CLIENT}/src/pending.ts`,
    find: '  !isOnce(entry) && code !== "AlreadyAcknowledged"',
    replace: '  entry.kind !== undefined && code !== "AlreadyAcknowledged"',
    tests: [`${CLIENT}/test/hexraft-client.test.ts`],
  },
  {
    rule: "C05",
    file: `${CLIENT}/src/route.ts`,
    find: "      longest * (0.5 + Math.random() / 2),\n",
    replace: "      longest * 0,\n",
    tests: [`${CLIENT}/test/hexraft-client.test.ts`],
  },
  {
    rule: "C03",
    file: `${SESSIONS}/src/session-table.ts`,
    find: "    if (before !== undefined) return { result: before, isNew: false };",
    replace: "    if (before !== undefined && sequence < 0) return { result: before, isNew: false };",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // A session that is opened at a witness is named by its index, and another client's after an unsafe recovery.
    rule: "C03",
    file: `${SESSIONS}/src/session-codec.ts`,
    find: "if (openFormat === 0)",
    replace: "if (openFormat === -1)",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // What expires is judged by each replica's own clock.
    rule: "C03",
    file: `${SESSIONS}/src/session-table.ts`,
    find: "if (logTimeMs - session.lastUsedMs < this.options.ttlMs) return;",
    replace: "if (Math.max(logTimeMs, Date.now()) - session.lastUsedMs < this.options.ttlMs) return;",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // By its index alone a session that was lost with the majority is another client's afterwards.
    rule: "M11",
    file: `${SESSIONS}/src/applying.ts`,
    find: "payload[1] === EntryKind.openByNonce ? sessionNumber(said.nonce, index) : index;",
    replace: "index;",
    tests: [`${SESSIONS}/test/unsafe-recovery.test.ts`],
  },
  {
    rule: "C03",
    file: `${SESSIONS}/src/session-number.ts`,
    find: "  for (const byte of nonce) take(byte);",
    replace: "  take(nonce.length);",
    tests: [`${SESSIONS}/test/unsafe-recovery.test.ts`, `${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // A session that expired comes back under its number, and does again what it had done.
    rule: "C03",
    file: `${SESSIONS}/src/session-number.ts`,
    find: "rest = index; at < 7;",
    replace: "rest = 0 * index; at < 7;",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // A retry gets a number of its own.
    rule: "C03",
    file: `${CLIENT}/src/door-client.ts`,
    find: "    if (isExpired) this.gate.leave(entry);",
    replace: "    this.gate.leave(entry);",
    tests: [`${CLIENT}/test/client-session.test.ts`],
  },
  {
    rule: "C04",
    file: `${SESSIONS}/src/session-table.ts`,
    find: "const session = this.byId.get(id);",
    replace: "const session = this.byId.get(id) ?? this.newest;",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    // A later refusal passes for the outcome of all attempts.
    rule: "C02",
    file: `${CLIENT}/src/pending.ts`,
    find: '  if (error.outcome === "unknown" || !entry.isDoubtful || !changes(entry)) return error;',
    replace: '  if (error.outcome === "unknown" || entry.isDoubtful || !changes(entry)) return error;',
    tests: [`${CLIENT}/test/client-session.test.ts`],
  },
  {
    rule: "F06",
    file: `${SESSIONS}/src/session-state-machine.ts`,
    find: "    if (appliedIndex > 0)",
    replace: "    if (appliedIndex < 0)",
    tests: [`${SESSIONS}/test/sessions.test.ts`],
  },
  {
    rule: "F03",
    file: `${KV}/src/kv-codec.ts`,
    find: "    checkCommand(command, this.limits);\n",
    replace: "",
    tests: [`${KV}/test/codec.test.ts`],
  },
  {
    // Each part counts its own commands from the first place on.
    rule: "F04",
    file: `${COMPOSED}/src/composed-state-machine.ts`,
    find: "      share.places.push(at);",
    replace: "      share.places.push(share.places.length);",
    tests: [`${COMPOSED}/test/composed.test.ts`],
  },
  {
    // What a part leaves unread is taken for the next part's.
    rule: "F04",
    file: `${COMPOSED}/src/composed-snapshot.ts`,
    find: "    for await (const _ of own);\n",
    replace: "",
    tests: [`${COMPOSED}/test/composed.test.ts`],
  },
  {
    // A change of members that may have been made is asked for again.
    rule: "C05",
    file: `${CLIENT}/src/pending.ts`,
    find: "kind === RequestKind.command || kind === RequestKind.adminChange;",
    replace: "kind === RequestKind.command;",
    tests: [`${CLIENT}/test/cluster-admin.test.ts`],
  },
  {
    rule: "C02",
    file: `${CLIENT}/src/pending.ts`,
    find: "retryable && !(kind === RequestKind.adminChange && FOR_OPERATORS.has(code));",
    replace: "retryable || (kind === RequestKind.adminChange && FOR_OPERATORS.has(code));",
    tests: [`${CLIENT}/test/cluster-admin.test.ts`],
  },
  {
    // Entry 10 is taken for older than entry 9.
    rule: "Q08/token",
    file: `${CLIENT}/src/read-token.ts`,
    find: "index > toldIndex",
    replace: "String(index) > String(toldIndex)",
    tests: [`${CLIENT}/test/reads.test.ts`],
  },
];
