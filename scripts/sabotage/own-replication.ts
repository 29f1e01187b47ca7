import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** Mistakes about what the others hold, and how they come to it; made here, and found before anybody was hurt. */
export const ownReplicationFailures: readonly Failure[] = [
  {
    id: "F-X03",
    what: "a leader counted itself by name, also where the configuration means another incarnation of it",
    violates: "CFG, DUR",
    patches: [
      {
        file: source("state"),
        find: "      id === this.identity.id && memberOf(this.configurations.current, id)?.incarnation === this.identity.incarnation\n",
        replace: "      id === this.identity.id\n",
      },
    ],
    tests: tests("commit", "check-quorum", "reads"),
  },
  {
    id: "F-X04",
    what: "a copy of a snapshot offer began the transfer a second time, and cut off the bytes that came in",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-installing"),
        find: '    if (isSameNumber && sameReplica(running.from, leader)) return s.drop("snapshot offer seen before");\n',
        replace: '    if (running.transfer < 0 && sameReplica(running.from, leader)) return s.drop("never");\n',
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X05",
    what: "two leaders numbered their snapshot transfers alike, and the last word of the old one ended the new one",
    violates: "SMS",
    patches: [
      {
        file: source("snapshot-installing"),
        find: '    if (isSameNumber) return answer(s, leader, transfer, "failed");\n',
        replace: "",
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X06",
    what: "a snapshot that had brought its receiver nothing was offered again at once, in a circle",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-sending"),
        find: "    const news = peer.matched(response.match, s.now);\n",
        replace: "    peer.matched(response.match, s.now);\n",
      },
      {
        file: source("snapshot-sending"),
        find: "    peer.probeSent = !news;\n",
        replace: "",
      },
    ],
    tests: tests("snapshot-flow", "snapshot-installing"),
    chance: "simulator",
  },
  {
    id: "F-X07",
    what: "whether a peer's log is the shorter one was asked of a term that may be compacted away: a follower below the log was probed entry by entry, down to the beginning",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: "  const { prevIndex, hintIndex, hintTerm, last } = response;\n",
        replace:
          "  const { prevIndex, hintIndex, hintTerm, last } = response;\n  const isShorter = hintIndex < prevIndex && s.log.termAt(hintIndex) === hintTerm;\n",
      },
      {
        file: source("replicator-group"),
        find: "  const bound = last < prevIndex ? hintIndex : prevIndex - 1;\n",
        replace: "  const bound = isShorter ? hintIndex : Math.min(prevIndex - 1, s.log.last.index);\n",
      },
    ],
    tests: tests("refusals", "replicator"),
  },
  {
    id: "F-X08",
    what: "a probe that got lost began again at the beginning of the log: a flap after an election cost every follower a snapshot",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: 'peer.becomeProbe(peer.state === "probe" ? peer.next : peer.match + 1)',
        replace: "peer.becomeProbe(peer.match + 1)",
      },
    ],
    tests: tests("replicator", "snapshot-flow", "refusals"),
  },
  {
    id: "F-X23",
    what: "what an earlier transfer had left of a snapshot was believed unseen, and had rotted",
    violates: "SMS",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/snapshot-draft.ts",
        find: "    await this.proof;\n    if (this.rot !== undefined) throw this.rot;\n    await this.sync;",
        replace: "    await this.proof;\n    await this.sync;",
      },
    ],
    tests: ["packages/storage-file/test/snapshots/file-snapshot-storage.test.ts"],
  },
  {
    id: "F-X25",
    what: "lost entries were taken from whoever answered first, and its log was another one",
    violates: "LM, SMS",
    patches: [
      {
        file: source("log-repair"),
        find: "return message.prevTerm === before && (meetsBehind || isCommitted) && message.blocks.every(fits);",
        replace: "return message.prevTerm === before;",
      },
    ],
    tests: tests("log-repair"),
  },
  {
    id: "F-X27",
    what: "a full member took a witness's entries, and held commands without their payloads for the real ones",
    violates: "SMS",
    patches: [
      {
        file: source("append-entries"),
        find: '  if (!s.options.witness && blocks.some(({ isBare }) => isBare)) return s.drop("entries without payloads");\n',
        replace: "",
      },
    ],
    tests: tests("witness"),
  },
  {
    id: "F-X31",
    what: "a leader went on counting a follower that had said that its disk forgot what it acknowledged",
    violates: "DUR",
    patches: [
      {
        file: source("replicator-group"),
        find: "    peer.begunAnew();\n",
        replace: "    peer.forgotInStart = peer.answeredInStart;\n",
      },
    ],
    tests: tests("forgotten"),
  },
  {
    id: "F-X32",
    what: "a witness was sent what nobody else had on a disk yet: its leader lost power, and nobody could be elected without the witness's vote",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: "  const heldUpTo = isWitness(s, peer) ? heldByAnHeir(s) : s.log.last.index;\n",
        replace:
          "  const heldUpTo = isWitness(s, peer) ? Math.max(heldByAnHeir(s), s.log.last.index) : s.log.last.index;\n",
      },
    ],
    tests: [...tests("witness"), "packages/sim/test/kept-seeds.test.ts"],
    chance: "simulator",
  },
];
