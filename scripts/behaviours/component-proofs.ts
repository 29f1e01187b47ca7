import type { Proof } from "./proof.js";

const COMPONENTS = "packages/core/src/components";
const MODEL = "packages/core/src/model";
const test = (name: string): readonly string[] => [`packages/core/test/${name}.test.ts`];

/** The hands, and how messages and blocks are laid out. */
export const componentProofs: readonly Proof[] = [
  {
    // Every deadline is an action of its own.
    rule: "G01",
    file: `${COMPONENTS}/shared-timers.ts`,
    find: "    if (atMs >= this.actionAtMs) return;\n    this.action?.unsubscribe();\n",
    replace: "",
    tests: test("components/shared-timers"),
  },
  {
    rule: "G03",
    file: `${COMPONENTS}/shared-timers.ts`,
    find: "        this.failed(error);",
    replace: "        throw error;",
    tests: test("components/shared-timers"),
  },
  {
    rule: "Q05/suspend",
    file: `${COMPONENTS}/suspend-watch.ts`,
    find: "return isLate ? missedMs : 0;",
    replace: "return isLate && missedMs < 0 ? missedMs : 0;",
    tests: test("components/suspend-watch"),
  },
  {
    rule: "S02",
    file: `${COMPONENTS}/snapshot-saver.ts`,
    find: "      await sink?.abort(false).catch(() => {});\n",
    replace: "",
    tests: test("components/snapshot-executor"),
  },
  {
    rule: "S08",
    file: `${COMPONENTS}/fsm-caller.ts`,
    find: "if (this.calls >= CALLS_PER_TURN_MAX) return this.rest();",
    replace: "if (this.calls < 0) return this.rest();",
    tests: test("components/fsm-caller"),
  },
  {
    rule: "S08",
    file: `${COMPONENTS}/snapshot-stream.ts`,
    find: "    await turn();\n",
    replace: "",
    tests: test("components/snapshot-executor"),
  },
  {
    rule: "S04",
    file: `${COMPONENTS}/snapshot-traffic.ts`,
    find: "Math.max(this.usedUpToMs, now - BURST_MS)",
    replace: "Math.max(this.usedUpToMs, 0)",
    tests: test("components/snapshot-traffic"),
  },
  {
    rule: "S04",
    file: `${COMPONENTS}/snapshot-executor.ts`,
    find: "if (traffic.receiving.isFull)",
    replace: "if (traffic.receiving.isFull && order.transfer < 0)",
    tests: test("components/snapshot-executor"),
  },
  {
    rule: "S04",
    file: `${COMPONENTS}/snapshot-executor.ts`,
    find: "    await this.released;\n",
    replace: "",
    tests: test("components/snapshot-executor"),
  },
  {
    rule: "C05",
    file: `${COMPONENTS}/closure-queue.ts`,
    find: 'if (call.deadlineMs <= nowMs) this.giveUp(call, "DeadlineExceeded"',
    replace: 'if (call.deadlineMs < 0) this.giveUp(call, "DeadlineExceeded"',
    tests: test("components/closure-queue"),
  },
  {
    rule: "C05",
    file: `${COMPONENTS}/pending-calls.ts`,
    find: "if (call.deadlineMs <= nowMs) this.fail(",
    replace: "if (call.deadlineMs < 0) this.fail(",
    tests: test("components/pending-calls"),
  },
  {
    rule: "C05",
    file: `${COMPONENTS}/pending-calls.ts`,
    find: '      call.signal.addEventListener("abort", onAbort, { once: true });\n',
    replace: "",
    tests: test("components/pending-calls"),
  },
  {
    // A state machine that throws is answered like one that says no.
    rule: "F01",
    file: `${COMPONENTS}/entry-applier.ts`,
    find: "    } catch (error) {\n      this.caller.faulted(from, error);",
    replace:
      "    } catch (error) {\n      this.appliedBatch(taken, batch, lastBlock, Array.from({ length: batch.count }, () => error));",
    tests: test("components/fsm-caller"),
  },
  {
    // What cannot be read is taken for what is not there.
    rule: "L03",
    file: `${COMPONENTS}/log-manager.ts`,
    find: "if (!this.closed && from > this.compactedTo)",
    replace: "if (!this.closed && from < 0)",
    tests: test("components/log-manager"),
  },
  {
    rule: "L03",
    file: "packages/core/src/protocol/voting.ts",
    find: "  if (!s.isWhole) return false;\n  return isUpToDate(last, s.log.last);",
    replace: "  return isUpToDate(last, s.log.last);",
    tests: test("protocol/log-repair"),
  },
  {
    rule: "L03",
    file: "packages/core/src/protocol/state.ts",
    find: "return Math.min(this.log.durable, this.intactUpTo);",
    replace: "return this.log.durable;",
    tests: test("protocol/log-repair"),
  },
  {
    // Whatever somebody sends is put into the hole.
    rule: "L03",
    file: "packages/core/src/protocol/log-repair.ts",
    find: "return message.prevTerm === before && (meetsBehind || isCommitted) && message.blocks.every(fits);",
    replace: "return message.prevTerm === before || meetsBehind || isCommitted || message.blocks.every(fits);",
    tests: test("protocol/log-repair"),
  },
  {
    // Whoever answers is believed about what is committed.
    rule: "L03",
    file: "packages/core/src/protocol/log-repair.ts",
    find: "const isCommitted = message.leaderTerm === s.term && message.commit >= last;",
    replace: "const isCommitted = message.commit >= last;",
    tests: test("protocol/log-repair"),
  },
  {
    // A leader counts whoever answers.
    rule: "L03",
    file: "packages/core/src/protocol/replicator-group.ts",
    find: "    peer.begunAnew();\n",
    replace: "    peer.forgotInStart = peer.answeredInStart;\n",
    tests: test("protocol/forgotten"),
  },
  {
    // Who has as many entries again votes again, whether or not the group decided for them.
    rule: "L03",
    file: "packages/core/src/protocol/forgotten.ts",
    find: "Math.min(s.commit, s.held) < forgotten.hole.last",
    replace: "s.held < forgotten.hole.last",
    tests: test("protocol/forgotten"),
  },
  {
    rule: "L07",
    file: "packages/core/src/protocol/outbox.ts",
    find: "this.writing().truncateFrom = from;",
    replace: "this.writing();",
    tests: test("classics/paper"),
  },
  {
    rule: "L10",
    file: `${COMPONENTS}/block-codec.ts`,
    find: "if (version !== VERSION)",
    replace: "if (version < VERSION)",
    tests: test("components/block-codec"),
  },
  {
    rule: "L10",
    file: `${COMPONENTS}/block-codec.ts`,
    find: "if (crc32Of(checksum, bytes, BLOCK_HEADER_BYTES, bytes.length) !== u32At(bytes, 40))",
    replace: "if (checksum === undefined || bytes.length < 0)",
    tests: test("components/block-codec"),
  },
  {
    rule: "L10",
    file: `${COMPONENTS}/block-codec.ts`,
    find: "if (length > bytes.length - offset)",
    replace: "if (length < 0)",
    tests: test("components/block-codec"),
  },
  {
    rule: "L10",
    file: `${MODEL}/configuration-layout.ts`,
    find: "if (version !== VERSION)",
    replace: "if (version === undefined)",
    tests: test("model/configuration-layout"),
  },
  {
    rule: "T01",
    file: `${MODEL}/field-reader.ts`,
    find: "if (!inRange || Object.is(value, -0))",
    replace: "if (!inRange)",
    tests: test("model/message-layout"),
  },
  {
    rule: "T01",
    file: `${MODEL}/message-layout.ts`,
    find: "  if (blocks.length > blocksOf(message).length) throw badMessage(`${type} came with blocks`);\n",
    replace: "",
    tests: test("model/message-layout"),
  },
  {
    rule: "T01",
    file: `${COMPONENTS}/block-codec.ts`,
    find: "if (at !== end)",
    replace: "if (at < 0)",
    tests: test("components/block-codec"),
  },
  {
    rule: "T02",
    file: `${MODEL}/message-layout.ts`,
    find: "  if (from === to) throw badMessage(`${from} says it to itself`);\n",
    replace: "",
    tests: test("model/message-layout"),
  },
  {
    rule: "T02",
    file: `${COMPONENTS}/postman.ts`,
    find: "recoveryNumber: this.group.recoveryNumber,",
    replace: "recoveryNumber: 0 * this.group.recoveryNumber,",
    tests: test("components/postman"),
  },
  {
    rule: "T04",
    file: `${COMPONENTS}/postman.ts`,
    find: "    const book = new Map<NodeId, PeerAddress>();\n",
    replace: "    const book = new Map(this.book.map((peer) => [peer.id, peer]));\n",
    tests: test("components/postman"),
  },
  {
    rule: "T05",
    file: `${COMPONENTS}/postman.ts`,
    find: "    else this.dropped++;\n",
    replace: "",
    tests: test("components/postman"),
  },
  {
    // Whatever is not known is malformed: a newer release cannot add a field.
    rule: "T09",
    file: `${MODEL}/field-reader.ts`,
    find: "if (extra > EXTRA_FIELDS_MAX)",
    replace: "if (extra > 0)",
    tests: test("model/message-layout"),
  },
  {
    rule: "T09",
    file: `${MODEL}/layouts/election-layouts.ts`,
    find: 'fields.flag("transfer", false)',
    replace: 'fields.flag("transfer", true)',
    tests: test("model/message-layout"),
  },
  {
    rule: "T09",
    file: `${MODEL}/layouts/removal-layouts.ts`,
    find: "    code: 16,\n",
    replace: "    code: 17,\n",
    tests: test("model/message-layout"),
  },
  {
    rule: "O04",
    file: `${COMPONENTS}/timer-service.ts`,
    find: "    this.running = NONE;\n    this.action?.unsubscribe();\n",
    replace: "    this.running = NONE;\n",
    tests: test("components/timer-service"),
  },
  {
    rule: "O04",
    file: `${COMPONENTS}/log-manager.ts`,
    find: "    if (this.underWay !== undefined) await new Promise<void>((resolve) => (this.idle = added(this.idle, resolve)));\n",
    replace: "",
    tests: test("components/log-manager"),
  },
  {
    rule: "O04",
    file: `${COMPONENTS}/fsm-caller.ts`,
    find: "    if (this.busy) await new Promise<void>((resolve) => (this.idle = added(this.idle, resolve)));\n",
    replace: "",
    tests: test("components/fsm-caller"),
  },
];
