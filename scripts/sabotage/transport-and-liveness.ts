import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);
const tcp = "packages/transport-tcp";

/** Wires, and getting on. */
export const transportAndLivenessFailures: readonly Failure[] = [
  {
    id: "F-T02",
    what: "an answer without a field threw in the handler, and nobody listened any more",
    violates: "LIVE",
    patches: [
      {
        file: `${tcp}/src/link/connection.ts`,
        find: "    } catch (error) {\n      this.fail(error);\n    }",
        replace: "    } catch {\n      this.closed = true;\n      this.socket.destroy();\n    }",
      },
    ],
    tests: [`${tcp}/test/link/bad-frames.test.ts`],
  },
  {
    id: "F-T03",
    what: "what could not be sent to one peer ended the round of messages to all",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: "      if (!sendNext(s, peer)) break;",
        replace: "      if (!sendNext(s, peer)) return;",
      },
    ],
    tests: tests("replicator", "snapshot-flow"),
    chance: "worlds",
  },
  {
    id: "F-T07",
    what: "messages were pipelined without a bound, and each commit waited behind the queue",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator"),
        find: "return this.flights.length === 0 || (this.flights.length < messagesMax && this.bytesInFlight < bytesMax);",
        replace: "return messagesMax > 0 && bytesMax > 0;",
      },
    ],
    tests: tests("replicator"),
  },
  {
    id: "F-T08",
    what: "each read from the socket was taken for one whole frame",
    violates: "LM",
    patches: [
      {
        file: `${tcp}/src/wire/framer.ts`,
        find: "          yield whole;\n          continue;",
        replace: "          yield whole;\n          return;",
      },
    ],
    tests: [`${tcp}/test/wire/framer.test.ts`],
  },
  {
    id: "F-T10",
    what: "request numbers began anew with each start, and an answer to an earlier life was taken for a new one",
    violates: "LC",
    patches: [
      { file: source("asking"), find: "s.identity.startNumber * 2 ** 32 + counter", replace: "counter" },
      {
        file: source("state"),
        find: "    this.round = start.identity.startNumber * 2 ** 32;",
        replace: "    this.round = 0;",
      },
    ],
    tests: tests("reads", "pre-vote"),
    chance: "worlds",
  },
  {
    id: "F-T11",
    what: "a socket that takes nothing more was written to all the same, until memory was full",
    violates: "LIVE",
    patches: [
      {
        file: `${tcp}/src/link/send-queue.ts`,
        find: "    if (this.frames.length === 0 || connection.isBlocked) return 0;",
        replace: "    if (this.frames.length === 0) return 0;",
      },
      {
        file: `${tcp}/src/link/send-queue.ts`,
        find: "    const held = this.bytes + inSocketBytes;",
        replace: "    const held = this.bytes;",
      },
    ],
    tests: [`${tcp}/test/link/link.test.ts`],
  },
  {
    id: "F-V04",
    what: "a leader whose disk hangs kept its office, and nothing was committed",
    violates: "LIVE",
    patches: [
      {
        file: "packages/core/src/protocol/health.ts",
        find: "  giveUpOffice(s, reason);",
        replace: "  if (reason === undefined) giveUpOffice(s, reason);",
      },
    ],
    tests: ["packages/core/test/protocol/health.test.ts"],
  },
  {
    id: "F-V05",
    what: "a new leader appended no entry of its own, and a group applied nothing after a restart until somebody wrote",
    violates: "LIVE",
    patches: [
      {
        file: source("leadership"),
        find: "  appendEmpty(s);",
        replace: "  if (s.log.last.index < 0) appendEmpty(s);",
      },
    ],
    tests: tests("elections", "commit"),
    chance: "worlds",
  },
  {
    id: "F-V06",
    what: "under a one-way cut a leader that nobody answers stayed in office",
    violates: "LIVE",
    patches: [{ file: source("leadership"), find: "  if (silentMs >= s.T) {", replace: "  if (silentMs < 0) {" }],
    tests: tests("check-quorum"),
    chance: "worlds",
  },
  {
    id: "F-V08",
    what: "a leader never went over from probing a follower to streaming, and it stayed behind until the next snapshot",
    violates: "LIVE",
    patches: [
      {
        file: source("replicator-group"),
        find: '  if (peer.state === "probe") peer.becomeReplicate();\n',
        replace: "",
      },
    ],
    tests: tests("replicator"),
    chance: "worlds",
  },
];
