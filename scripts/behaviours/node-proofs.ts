import type { Proof } from "./proof.js";

const NODE = "packages/core/src/node";
const test = (name: string): readonly string[] => [`packages/core/test/node/${name}.test.ts`];

/** The façade: recovery, what callers ask of a node, and what it tells. */
export const nodeProofs: readonly Proof[] = [
  {
    // A log that reaches beyond the snapshot is taken for one that goes on from it, whatever term stands there.
    rule: "S06",
    file: `${NODE}/recovery.ts`,
    find: "if (termAt(opened, snapshot.id.index) === snapshot.id.term) return opened;",
    replace: "if (opened.last.index >= snapshot.id.index) return opened;",
    tests: test("recovery"),
  },
  {
    rule: "S06",
    file: `${NODE}/recovery.ts`,
    find: "  if (termAt(opened, snapshot.id.index) === snapshot.id.term) return opened;\n",
    replace: "",
    tests: test("recovery"),
  },
  {
    rule: "S09",
    file: `${NODE}/recovery.ts`,
    find: "      fault = error;\n",
    replace: "      if (opened.base.index >= 0) return meta;\n",
    tests: test("recovery"),
  },
  {
    rule: "S09",
    file: `${NODE}/recovery.ts`,
    find: "  applied < base.index ? Math.max(1, base.index - 1) : 0;",
    replace: "  applied < 0 ? Math.max(1, base.index - 1) : 0;",
    tests: test("recovery"),
  },
  {
    rule: "Q06",
    file: `${NODE}/node-calls.ts`,
    find: 'options.consistency === "local"',
    replace: 'options.consistency !== "linearizable"',
    tests: test("raft-node"),
  },
  {
    rule: "Q06",
    file: `${NODE}/node-calls.ts`,
    find: 'options.consistency === "local"',
    replace: "false",
    tests: test("raft-node"),
  },
  {
    rule: "C05",
    file: `${NODE}/node-calls.ts`,
    find: "if (deadlineMs !== undefined && !(deadlineMs > 0))",
    replace: "if (deadlineMs !== undefined && deadlineMs < 0)",
    tests: test("raft-node"),
  },
  {
    rule: "F01",
    file: `${NODE}/caller-desk.ts`,
    find: '      return { outcome: "ok", code: result.code, reason: result.reason, result: NO_BYTES };',
    replace: '      return failure(new RaftError("BadCommand", "refused", result.reason));',
    tests: test("caller-desk"),
  },
  {
    rule: "F03",
    file: `${NODE}/node-calls.ts`,
    find: "    if (!(payload instanceof Uint8Array))",
    replace: "    const fits = (_: unknown): _ is Uint8Array => true;\n    if (!fits(payload))",
    tests: test("raft-node"),
  },
  {
    rule: "F06",
    file: `${NODE}/recovery.ts`,
    find: "    if (meta.id.index <= appliedIndex) return meta;\n",
    replace: "",
    tests: test("recovery"),
  },
  {
    rule: "F06",
    file: `${NODE}/recovery.ts`,
    find: "const applied = Math.max(appliedIndex, snapshot?.id.index ?? 0);",
    replace: "const applied = snapshot?.id.index ?? 0;",
    tests: test("recovery"),
  },
  {
    rule: "F06",
    file: `${NODE}/recovery.ts`,
    find: "  if (applied > log.last.index)",
    replace: "  if (applied < 0)",
    tests: test("recovery"),
  },
  {
    rule: "O01",
    file: `${NODE}/raft-node.ts`,
    find: "storage: { ...logStorage.describe(), ...parts },",
    replace: "storage: parts,",
    tests: test("raft-node"),
  },
  {
    rule: "O01",
    file: `${NODE}/describe-text.ts`,
    find: "durable ${node.durableIndex}, ",
    replace: "",
    tests: test("raft-node"),
  },
  {
    rule: "O01",
    file: `${NODE}/describe-text.ts`,
    find: "for (const peer of peers)",
    replace: "for (const peer of peers.slice(0, 0))",
    tests: test("describe-text"),
  },
  {
    rule: "O03",
    file: `${NODE}/raft-node.ts`,
    find: "    this.events.emit(notice);\n",
    replace: "",
    tests: test("raft-node"),
  },
  {
    rule: "O03",
    file: `${NODE}/node-events.ts`,
    find: "this.events$ = guard(this.subject, report);",
    replace: "this.events$ = guard(this.subject, () => report);",
    tests: test("raft-node"),
  },
  {
    rule: "O04",
    file: `${NODE}/replica.ts`,
    find: 'this.closures.failAll(error("unknown"));',
    replace: 'this.closures.failAll(error("refused"));',
    tests: test("raft-node"),
  },
  {
    rule: "O04",
    file: `${NODE}/raft-node.ts`,
    find: "[() => transport.stop(), () => snapshotStorage.close(),",
    replace: "[() => snapshotStorage.close(),",
    tests: test("raft-node"),
  },
  {
    rule: "O04",
    file: `${NODE}/raft-node.ts`,
    find: 'if (replica !== undefined && this.state === "running") await',
    replace: 'if (replica !== undefined && this.state === "halted") await',
    tests: ["packages/testing/test/cluster/founding.test.ts"],
  },
  {
    // The index is looked up where it is answered, not where the hash is taken.
    rule: "O06",
    file: `${NODE}/raft-node.ts`,
    find: "return { ...applied, hash: stateMachine.stateHash() };",
    replace: "return { ...applied, index: replica.raft.lastIndex, hash: stateMachine.stateHash() };",
    tests: test("raft-node"),
  },
  {
    rule: "O06",
    file: `${NODE}/raft-node.ts`,
    find: "hash: stateMachine.stateHash() };",
    replace: 'hash: "" };',
    tests: test("raft-node"),
  },
];
