import type { Proof } from "./proof.js";

const TCP = "packages/transport-tcp";
const CLIENT = "packages/client";
const KV = "packages/statemachine-kv";
const SESSIONS = "packages/sessions";
const COMPOSED = "packages/statemachine-composed";

/** What the core asks of its other ports, in the adapters and the client that owe it. */
export const adapterProofs: readonly Proof[] = [
  {
    rule: "T01",
    file: `${TCP}/src/wire/framer.ts`,
    find: "if (length >= 1 && length <= this.lengthMax) return length;",
    replace: "if (length >= 1) return length;",
    tests: [`${TCP}/test/wire/framer.test.ts`],
  },
  {
    rule: "T02",
    file: `${TCP}/src/link/admission.ts`,
    find: 'if (local.clusterId !== "" && hello.clusterId !== local.clusterId)',
    replace: 'if (hello.clusterId === "?")',
    tests: [`${TCP}/test/link/handshake.test.ts`],
  },
  {
    // Whoever has a certificate of the authority may say any name …
    rule: "T03",
    file: `${TCP}/src/link/admission.ts`,
    find: "if (proof === undefined || proof.nodes.includes(id)) return undefined;",
    replace: "if (proof === undefined || proof.nodes.length >= 0) return undefined;",
    tests: [`${TCP}/test/tls/tls.test.ts`],
  },
  {
    // … or comes in under its own, though it is no member …
    rule: "T03",
    file: `${TCP}/src/link/doorkeeper.ts`,
    find: "return this.members.has(id) || this.inbounds.isVouchedFor(id, this.members);",
    replace: "return this.members.size > 0 || this.inbounds.isVouchedFor(id, this.members);",
    tests: [`${TCP}/test/tls/tls.test.ts`],
  },
  {
    // … or no certificate of the authority is asked for.
    rule: "T03",
    file: `${TCP}/src/tls/tls-sockets.ts`,
    find: "requestCert: true, rejectUnauthorized: true",
    replace: "requestCert: true, rejectUnauthorized: false",
    tests: [`${TCP}/test/tls/tls.test.ts`],
  },
  {
    rule: "T03",
    file: `${TCP}/src/options.ts`,
    find: "if (tls === undefined && !plaintext && !isLoopback(host))",
    replace: 'if (tls === undefined && !plaintext && !isLoopback(host) && host === "")',
    tests: [`${TCP}/test/options.test.ts`],
  },
  {
    rule: "T04",
    file: `${TCP}/src/link/link.ts`,
    find: "reconnectMinMs * 2 ** Math.min(this.attempts, 30)",
    replace: "reconnectMinMs",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T04",
    file: `${TCP}/src/link/link.ts`,
    find: "const waitMs = longestMs * (0.5 + this.host.random.next() / 2);",
    replace: "const waitMs = longestMs;",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T05",
    file: `${TCP}/src/link/send-queue.ts`,
    find: "if (!fits || this.frames.length >= messagesMax) return false;",
    replace: "if (!fits) return false;",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    // A byte now and then is heard, and keeps a connection for ever.
    rule: "T07",
    file: `${TCP}/src/link/connection.ts`,
    find: "nowMs - this.frameSinceMs > maxMs",
    replace: "nowMs - this.lastHeardMs > maxMs",
    tests: [`${TCP}/test/link/hostile-peers.test.ts`],
  },
  {
    // One promise of the failure, raced against every read, remembers what each of them came to: the whole snapshot.
    rule: "S04",
    file: `${TCP}/src/snapshot/send-snapshot.ts`,
    find: `  private async nextOf(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
    if (this.failure !== undefined) throw this.failure;
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      source.next().then(resolve, reject);
    });
  }
`,
    replace: `  private readonly failed = new Promise<never>((_, reject) => {
    this.giveUp = reject;
  });

  private async nextOf(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
    if (this.failure !== undefined) throw this.failure;
    this.failed.catch(() => {});
    return Promise.race([source.next(), this.failed]);
  }
`,
    tests: [`${TCP}/test/snapshot/snapshot-stream.test.ts`],
  },
  {
    // More waits for the socket than may be looked at, and is overwritten before it leaves.
    rule: "S04",
    file: `${TCP}/src/snapshot/send-snapshot.ts`,
    find: "waitingBytes < WINDOW_BYTES",
    replace: "waitingBytes < 8 * WINDOW_BYTES",
    tests: [`${TCP}/test/conformance.test.ts`],
  },
  {
    rule: "T07",
    file: `${TCP}/src/refusal-log.ts`,
    find: "if (this.told < TOLD_MAX) {",
    replace: "if (this.told < TOLD_MAX || this.told > 0) {",
    tests: [`${TCP}/test/refusal-log.test.ts`],
  },
  {
    // Whatever group a message is of, the first one hears it.
    rule: "T08",
    file: `${TCP}/src/groups.ts`,
    find: "const receiver = this.receivers.get(envelope.group);",
    replace: "const [receiver] = this.receivers.has(envelope.group) ? this.receivers.values() : [];",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    // With each group that comes the peer is dialled once more.
    rule: "T08",
    file: `${TCP}/src/link/links.ts`,
    find: "if (link === undefined && id !== this.host.local().nodeId)",
    replace: "if (id !== this.host.local().nodeId)",
    tests: [`${TCP}/test/link/link.test.ts`],
  },
  {
    rule: "T09",
    file: `${TCP}/src/link/admission.ts`,
    find: "if (min <= ours.max && max >= ours.min) return undefined;",
    replace: "if (max === ours.max && min > 0) return undefined;",
    tests: [`${TCP}/test/wire/handshake.test.ts`],
  },
  {
    // Each answers with its own newest version, whether the other knows it or not.
    rule: "T09",
    file: `${TCP}/src/link/listener.ts`,
    find: "Math.min(this.host.versions.max, hello.versions.max)",
    replace: "this.host.versions.max",
    tests: [`${TCP}/test/wire/neighbours.test.ts`],
  },
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
    // What expires is judged by each replica's own clock.
    rule: "C03",
    file: `${SESSIONS}/src/session-table.ts`,
    find: "if (logTimeMs - session.lastUsedMs < this.options.ttlMs) return;",
    replace: "if (Math.max(logTimeMs, Date.now()) - session.lastUsedMs < this.options.ttlMs) return;",
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
    rule: "M09",
    file: `${TCP}/src/groups.ts`,
    find: "receiver === undefined || receiver.wasRemoved === true",
    replace: "receiver === undefined",
    tests: [`${TCP}/test/conformance.test.ts`],
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
