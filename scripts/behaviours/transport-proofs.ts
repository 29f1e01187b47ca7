import type { Proof } from "./proof.js";

const TCP = "packages/transport-tcp";

/** What the core asks of its way to others, in the transport that owes it. */
export const transportProofs: readonly Proof[] = [
  {
    rule: "T01",
    file: `${TCP}/src/wire/framer.ts`,
    find: "if (length >= 1 && length <= this.lengthMax) return length;",
    replace: "if (length >= 1) return length;",
    tests: [`${TCP}/test/wire/framer.test.ts`],
  },
  {
    // What is known of a group is taken for right whoever it comes from, or goes to …
    rule: "T01",
    file: `${TCP}/src/wire/message-reader.ts`,
    find: "if (names !== undefined && stands(names.bytes, bytes)) {",
    replace: "if (names !== undefined) {",
    tests: [`${TCP}/test/wire/known-names.test.ts`],
  },
  {
    // … and what stands behind a body that is read the short way is not seen.
    rule: "T01",
    file: `${TCP}/src/wire/plain-fields.ts`,
    find: "return next === bytes.length ? fields : undefined;",
    replace: "return next <= bytes.length ? fields : undefined;",
    tests: [`${TCP}/test/wire/known-names.test.ts`],
  },
  {
    rule: "M13",
    file: `${TCP}/src/wire/message-writer.ts`,
    find: "if (known !== undefined && isSame(known.head, envelope)) return known.bytes;",
    replace: "if (known !== undefined) return known.bytes;",
    tests: [`${TCP}/test/wire/known-names.test.ts`],
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
    // While a snapshot is under way nothing else leaves.
    rule: "T06",
    file: `${TCP}/src/tcp-transport.ts`,
    find: "if (way?.isTaking && this.hand(way, envelope)) {",
    replace: "if (this.streams.size === 0 && way?.isTaking && this.hand(way, envelope)) {",
    tests: [`${TCP}/test/snapshot/snapshot-stream.test.ts`],
  },
  {
    // The whole snapshot is handed to the socket, however slowly it is taken.
    rule: "T06",
    file: `${TCP}/src/snapshot/send-snapshot.ts`,
    find: "waitingBytes < WINDOW_BYTES",
    replace: "waitingBytes < 1_024 * WINDOW_BYTES",
    tests: [`${TCP}/test/snapshot/snapshot-stream.test.ts`],
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
    rule: "M09",
    file: `${TCP}/src/groups.ts`,
    find: "receiver === undefined || receiver.wasRemoved === true",
    replace: "receiver === undefined",
    tests: [`${TCP}/test/conformance.test.ts`],
  },
];
