import { protocol, protocolTests } from "./places.js";
import type { Proof } from "./proof.js";

/** What the protocol owes its disk, its wire, its operators and the groups beside it (L, T, O, G). */
export const hostingProofs: readonly Proof[] = [
  {
    // Whoever leads an idle group sends it to rest, whatever its members hold.
    rule: "G02",
    file: protocol("resting"),
    find: "if (!hasAll || !answeredLately(s, peer.id)) return false;",
    replace: "if (peer.match < 0 || hasAll === undefined) return answeredLately(s, peer.id);",
    tests: protocolTests("resting"),
  },
  {
    // Somebody waits at a desk that is let go.
    rule: "G02",
    file: "packages/core/src/node/spare-hands.ts",
    find: "    if (this.deskInUse?.isIdle === true) this.deskInUse = undefined;\n",
    replace: "    this.deskInUse = undefined;\n",
    tests: ["packages/core/test/node/spare-hands.test.ts"],
  },
  {
    // A save under way is let go, and nobody knows of its end.
    rule: "G02",
    file: "packages/core/src/node/spare-hands.ts",
    find: "    if (this.snapshotsInUse?.isIdle !== true) return;\n",
    replace: "    if (this.snapshotsInUse === undefined) return;\n",
    tests: ["packages/core/test/node/spare-hands.test.ts"],
  },
  {
    // A majority that agrees is enough.
    rule: "G02",
    file: protocol("resting"),
    find: "  for (const { id } of office.peers.values()) if (!s.rest.confirmed.has(id)) return;\n",
    replace: "  if (2 * s.rest.confirmed.size < office.peers.values().length) return;\n",
    tests: protocolTests("resting"),
  },
  {
    rule: "G02",
    file: protocol("resting"),
    find: "    s.log.last.index === commit &&\n    s.commit === commit &&\n    s.applied === commit &&\n",
    replace: "    commit > 0 &&\n",
    tests: protocolTests("resting"),
  },
  {
    // An answer to an earlier offer is taken for one to this.
    rule: "G02",
    file: protocol("resting"),
    find: " || answer.round !== s.rest.round) return;",
    replace: ") return;",
    tests: protocolTests("resting"),
  },
  {
    // A leader that wakes takes the silence of its rest for a lost quorum.
    rule: "G02",
    file: protocol("resting"),
    find: "  office.wokeAt = s.now;\n",
    replace: "",
    tests: protocolTests("resting"),
  },
  {
    // Whoever asks a group at rest for another leader is told that nobody has answered.
    rule: "G02",
    file: protocol("resting"),
    find: "  if (areHeard) for (const peer of office.peers.values()) peer.heardAt = s.now;\n",
    replace: "",
    tests: protocolTests("resting"),
  },
  {
    // The lease of before the rest is believed after it.
    rule: "G02",
    file: protocol("resting"),
    find: "  office.lease.voidUntilRound(office.round + 1);\n",
    replace: "",
    tests: protocolTests("resting"),
  },
  {
    // A follower goes back to the wait that it had before it rested.
    rule: "G02",
    file: protocol("resting"),
    find: "    return restartElectionWait(s);\n",
    replace: "    return;\n",
    tests: protocolTests("resting"),
  },
  {
    // A consent that comes after the news of a waking counts.
    rule: "G02",
    file: protocol("rest-ledger"),
    find: "version === null || version >= Math.max(untold, woken.get(group) ?? 0);",
    replace: "version === null || version >= 0 || untold + woken.size + group.length < 0;",
    tests: protocolTests("rest-ledger"),
  },
  {
    // What was said once is taken for heard.
    rule: "G02",
    file: protocol("rest-ledger"),
    find: "const since = neighbour?.confirmed ?? 0;",
    replace: "const since = Math.max(neighbour?.confirmed ?? 0, this.version - 1);",
    tests: protocolTests("rest-ledger"),
  },
  {
    // A process that is heard no more is waited for, for ever.
    rule: "G02",
    file: protocol("rest-ledger"),
    find: "return now - contactAt >= forMs ?",
    replace: "return now - contactAt < 0 && forMs > 0 ?",
    tests: protocolTests("rest-ledger"),
  },
  {
    // What is one more than elsewhere is handed over, and handed back by the other.
    rule: "G04",
    file: protocol("leader-balance"),
    find: "count(self) - count(to) < 2",
    replace: "count(self) - count(to) < 1",
    tests: protocolTests("leader-balance"),
  },
  {
    // Two orders in one write: the storage cannot know which came first.
    rule: "L01",
    file: protocol("outbox"),
    find: "if (this.draft?.blocks !== undefined || this.draft?.truncateFrom !== undefined) this.finishWrite();\n    this.writing().truncateFrom",
    replace: "this.writing().truncateFrom",
    tests: protocolTests("outbox"),
  },
  {
    rule: "L04",
    file: protocol("outbox"),
    find: "this.silent = true;",
    replace: "this.silent = false;",
    tests: protocolTests("outbox"),
  },
  {
    rule: "O05",
    file: "packages/core/src/model/options.ts",
    find: 'if (typeof value !== "number" || !(value >= low && value <= high))',
    replace: 'if (typeof value !== "number" || value < low)',
    tests: ["packages/core/test/model/options.test.ts"],
  },
  {
    rule: "T11",
    file: protocol("state"),
    find: "    this.round = start.identity.startNumber * 2 ** 32;",
    replace: "    this.round = 0;",
    tests: protocolTests("pre-vote"),
  },
  {
    rule: "T11",
    file: protocol("judging"),
    find: "  if (envelope.startNumber < known) return false;",
    replace: "  if (envelope.startNumber < 0) return false;",
    tests: protocolTests("judging"),
  },
  {
    rule: "T11",
    file: protocol("asking"),
    find: "s.identity.startNumber * 2 ** 32 + counter",
    replace: "s.identity.startNumber * 0 + counter",
    tests: protocolTests("reads"),
  },
  {
    // Each process that founds a group draws a number for it: the same founding is another one everywhere.
    rule: "G01",
    file: "packages/core/src/node/founding.ts",
    find: "numberOf(self.groupId, bytes, oneOfMany.stateUpTo);",
    replace: "numberOf(self.groupId + self.id, bytes, oneOfMany.stateUpTo);",
    tests: ["packages/testing/test/groups/node-manager.test.ts"],
  },
  {
    // Who has forgotten a group founds it anew, beside the one that the others hold.
    rule: "M13",
    file: "packages/core/src/node/founding.ts",
    find: 'if (typeof held === "number" && held !== recoveryNumber)',
    replace: 'if (typeof held === "number" && held < 0)',
    tests: ["packages/testing/test/groups/node-manager.test.ts"],
  },
];
