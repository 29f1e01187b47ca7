import type { Proof } from "./proof.js";

const NODE = "packages/core/src/node";
const test = (name: string): readonly string[] => [`packages/core/test/node/${name}.test.ts`];

/** The façade: recovery, what callers ask of a node, and what it tells. */
export const nodeProofs: readonly Proof[] = [
  {
    // Each group's drain is a macrotask of its own, and so is what it says.
    rule: "G01",
    file: `${NODE}/shared-turn.ts`,
    find: "    if (this.scheduled) return;\n",
    replace: "",
    tests: test("shared-turn"),
  },
  {
    // Each heartbeat is a message of its own.
    rule: "G02",
    file: `${NODE}/heartbeat-joiner.ts`,
    find: "heartbeats.length > 1 && this.say(",
    replace: "heartbeats.length > JOINED_MAX && this.say(",
    tests: test("heartbeat-joiner"),
  },
  {
    // A peer of the version before is sent what it does not know, and hears nothing.
    rule: "T09",
    file: `${NODE}/heartbeat-joiner.ts`,
    find: "    if (!isTaken) for (const",
    replace: "    if (!isTaken && heartbeats.length === 1) for (const",
    tests: test("heartbeat-joiner"),
  },
  {
    // What a group says overtakes its heartbeat.
    rule: "T10",
    file: `${NODE}/heartbeat-joiner.ts`,
    find: "    this.release(envelope.to, envelope.group);\n",
    replace: "",
    tests: test("heartbeat-joiner"),
  },
  {
    rule: "G03",
    file: `${NODE}/shared-turn.ts`,
    find: "    for (const drain of drains) this.guarded(drain);",
    replace: "    this.guarded(() => drains.forEach((drain) => drain()));",
    tests: test("shared-turn"),
  },
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
    rule: "F08",
    file: `${NODE}/backup.ts`,
    find: "  while (meta.id.index < wanted) meta = await replica.snapshot();\n",
    replace: "  if (wanted < 0) meta = await replica.snapshot();\n",
    tests: test("backup"),
  },
  {
    // Another founder's empty cluster would take the state in as a log that it never had.
    rule: "F08",
    file: `${NODE}/belonging.ts`,
    find: "    if (this.recovered !== undefined && isRestored(this.recovered)) {\n      const advice",
    replace:
      "    if (this.recovered !== undefined && isRestored(this.recovered) && clusterId === node.id) {\n      const advice",
    tests: test("backup"),
  },
  {
    // The others would get a state without members, and no entry that names them.
    rule: "F08",
    file: `${NODE}/founding.ts`,
    find: "    const snapshot = await underConfiguration(ports, start.snapshot, first);\n",
    replace: "    const { snapshot } = start;\n",
    tests: test("backup"),
  },
  {
    // Whoever has not answered is taken for one that refuses.
    rule: "O07",
    file: "packages/core/src/protocol/explain/explain-leader.ts",
    find: "voters.filter((id) => s.ballots.get(id) === vote)",
    replace: "voters.filter((id) => (s.ballots.get(id) ?? false) === vote)",
    tests: ["packages/core/test/protocol/explain.test.ts"],
  },
  {
    // What this node has in memory is taken for what is on its disk.
    rule: "O07",
    file: "packages/core/src/protocol/explain/explain-commit.ts",
    find: "(s.isSelf(id) ? s.held :",
    replace: "(s.isSelf(id) ? 0 :",
    tests: ["packages/core/test/protocol/explain.test.ts"],
  },
  {
    rule: "Q06",
    file: `${NODE}/node-calls.ts`,
    find: 'options.consistency ?? "linearizable"',
    replace: 'options.consistency ?? "local"',
    tests: test("raft-node"),
  },
  {
    rule: "Q06",
    file: `${NODE}/read-desk.ts`,
    find: 'if (wanted === "local") this.inbox.inNextTurn(() => this.serve(request, 0));\n      else if (wanted === "linearizable")',
    replace: 'if (wanted === "linearizable" || wanted === "local")',
    tests: test("raft-node"),
  },
  {
    rule: "Q05/suspend",
    file: `${NODE}/inbox.ts`,
    find: 'if (forMs > 0) this.step({ type: "EventLoopPaused", forMs });',
    replace: "",
    tests: test("inbox"),
  },
  {
    rule: "Q08/token",
    file: `${NODE}/read-desk.ts`,
    find: "void this.waits.push({ request, index: wanted.atLeast }));",
    replace: "this.serve(request, 0 * wanted.atLeast));",
    tests: test("raft-node"),
  },
  {
    rule: "Q08/token",
    file: `${NODE}/read-desk.ts`,
    find: "return Math.max(this.fsm.appliedId.index, this.memory.forwardedUpTo);",
    replace: "return this.fsm.appliedId.index;",
    tests: test("caller-desk"),
  },
  {
    rule: "Q08/recovered",
    file: `${NODE}/read-token.ts`,
    find: "if (Number(recovery) !== origin.recoveryNumber)",
    replace: "if (Number(recovery) < 0)",
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
    file: `${NODE}/forward-desk.ts`,
    find: '      return { outcome: "ok", code: result.code, reason: result.reason, result: this.kindOf(result) };',
    replace: '      return failure(new RaftError("BadCommand", "refused", result.reason));',
    tests: test("forward-desk"),
  },
  {
    // Behind another node a refusal of a session is nobody's.
    rule: "F01",
    file: `${NODE}/forward-desk.ts`,
    find: "return own instanceof Rejected && own.code === code ? own : plain;",
    replace: "return own instanceof Rejected && own.code === code ? plain : plain;",
    tests: test("forward-desk"),
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
    file: `${NODE}/node-life.ts`,
    find: "    this.events?.emit(notice);\n",
    replace: "",
    tests: test("raft-node"),
  },
  {
    rule: "O03",
    file: `${NODE}/node-events.ts`,
    find: "guard(this.subject, report)",
    replace: "guard(this.subject, () => report)",
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
    file: `${NODE}/node-ports.ts`,
    find: "[() => transport.stop(), () => snapshotStorage.close(),",
    replace: "[() => snapshotStorage.close(),",
    tests: test("raft-node"),
  },
  {
    rule: "O04",
    file: `${NODE}/node-life.ts`,
    find: 'if (replica !== undefined && this.stage === "running") await',
    replace: 'if (replica !== undefined && this.stage === "halted") await',
    tests: ["packages/testing/test/cluster/founding.test.ts"],
  },
  {
    // The index is looked up where it is answered, not where the hash is taken.
    rule: "O06",
    file: `${NODE}/node-calls.ts`,
    find: "return { ...applied, hash: stateMachine.stateHash() };",
    replace: "return { ...applied, index: replica.raft.lastIndex, hash: stateMachine.stateHash() };",
    tests: test("raft-node"),
  },
  {
    rule: "O06",
    file: `${NODE}/node-calls.ts`,
    find: "hash: stateMachine.stateHash() };",
    replace: 'hash: "" };',
    tests: test("raft-node"),
  },
  {
    rule: "M08",
    file: `${NODE}/member-change.ts`,
    find: "  if (stranger === undefined) return;\n",
    replace: "  if (stranger === undefined || ids.length > 0) return;\n",
    tests: ["packages/membership/test/cluster.test.ts"],
  },
  {
    rule: "M13",
    file: `${NODE}/member-calls.ts`,
    find: '    if (there.incarnation === "")\n',
    replace: "    if (there.incarnation === id)\n",
    tests: ["packages/membership/test/cluster.test.ts"],
  },
];
