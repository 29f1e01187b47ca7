import type { PeerIdentity } from "@hexraft/core/ports";
import { check, pattern, refuses, rejects, same, watch } from "./check.js";
import type { Law } from "./law.js";
import {
  CLUSTER,
  heartbeat,
  rounds,
  type TransportFactory,
  type TransportNode,
  type TransportRig,
  withTransport,
} from "./transport-fixture.js";

const OTHER_CLUSTER = "fedcba9876543210fedcba9876543210";

/** Whether a message gets through in a while. */
async function getsThrough(rig: TransportRig, from: TransportNode, to: TransportNode): Promise<boolean> {
  const before = to.heard.length;
  for (let attempt = 0; attempt < 6 && to.heard.length === before; attempt++) {
    from.say(to, heartbeat(attempt));
    await rig.fixture.pass(40);
  }
  return to.heard.length > before;
}

/** What `promise` came to, while the adapter's time goes on. */
async function outcome<T>(rig: TransportRig, promise: Promise<T>): Promise<T> {
  const seen = watch(promise);
  await rig.fixture.until(() => seen.state !== "pending", "the call settles");
  return promise;
}

/** Connections: who may talk to whom, and who is told. */
export const transportConnectionLaws = (factory: TransportFactory): readonly Law[] => [
  {
    id: "T02 a transport has an address once started, and peers hear of each other with their start numbers",
    why: "the start number tells a peer that came back from one that never left",
    run: withTransport(factory, async (rig) => {
      const transport = await rig.fixture.create();
      same(transport.address, "", "the address before start");
      const [a, b] = [await rig.node("n1", { startNumber: 4 }), await rig.node("n2", { startNumber: 7 })];
      check(a.transport.address !== "", "no address after start");
      await rig.introduce(a, b);
      same([a.ups, b.ups], [[{ id: "n2", startNumber: 7 }], [{ id: "n1", startNumber: 4 }]], "peers up");
    }),
  },
  {
    id: "T02 an address that is taken is refused",
    why: "a node that believes it listens waits for ever",
    run: withTransport(factory, async (rig) => {
      const a = await rig.node("n1");
      await refuses(() => rig.node("n2", { address: a.transport.address }), "AddressInUse", "the second listener");
    }),
  },
  {
    id: "R09 T10 a peer that stops is reported down, once",
    why: "what was in flight may be lost: the leader must probe again",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      await b.transport.stop();
      await rig.fixture.until(() => !a.hears(b), "n1 hears that n2 is gone");
      await rig.fixture.pass(60);
      same(a.downs, ["n2"], "peers down");
    }),
  },
  {
    id: "T11 T04 a peer that comes back with a higher start number is up again, and messages flow",
    why: "a restart is the ordinary case; the new life's number resets what was known of the old one",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const { address } = b.transport;
      await b.transport.stop();
      await rig.fixture.until(() => !a.hears(b), "n1 hears that n2 is gone");
      const next = await rig.node("n2", { startNumber: 2, address });
      next.transport.setPeers("main", [a.entry]);
      await rig.fixture.until(() => a.ups.length === 2 && next.hears(a), "n2 is up again");
      same(a.ups[1], { id: "n2", startNumber: 2 }, "the new life");
      check(await getsThrough(rig, a, next), "nothing reaches the new life");
      check(await getsThrough(rig, next, a), "nothing comes from the new life");
    }),
  },
  {
    id: "T11 a life with a lower start number than one seen is refused",
    why: "a directory brought back from a backup has forgotten what it voted and acknowledged",
    run: withTransport(factory, async (rig) => {
      const [a, b] = [await rig.node("n1"), await rig.node("n2", { startNumber: 5 })];
      await rig.introduce(a, b);
      const { address } = b.transport;
      await b.transport.stop();
      await rig.fixture.until(() => !a.hears(b), "n1 hears that n2 is gone");
      const old = await rig.node("n2", { startNumber: 3, address });
      old.transport.setPeers("main", [a.entry]);
      check(!(await getsThrough(rig, old, a)), "a message of the older life arrived");
      same(a.ups.length, 1, "times n2 was up");
    }),
  },
  {
    id: "T02 a node of another cluster is kept out",
    why: "two clusters on one network must not mix their logs",
    run: withTransport(factory, async (rig) => {
      const [a, b] = [await rig.node("n1"), await rig.node("n2", { clusterId: OTHER_CLUSTER })];
      a.transport.setPeers("main", [b.entry]);
      b.transport.setPeers("main", [a.entry]);
      check(!(await getsThrough(rig, a, b)) && !(await getsThrough(rig, b, a)), "a message crossed");
      same([a.ups, b.ups], [[], []], "peers up");
    }),
  },
  {
    id: "T04 a peer that leaves every book is disconnected, and is let in again when it is back",
    why: "a removed node must not go on disturbing those that stayed",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const c = await rig.node("n3");
      a.transport.setPeers("main", [c.entry]);
      b.transport.setPeers("main", [c.entry]);
      await rig.fixture.pass(100);
      check(!(await getsThrough(rig, a, b)), "a message to the removed node arrived all the same");
      check(!(await getsThrough(rig, b, a)), "a message of the removed node arrived all the same");
      await rig.introduce(a, b);
      check(await getsThrough(rig, a, b), "nothing arrives after the return");
    }),
  },
  {
    id: "T04 a peer's new address is used at once",
    why: "a node that moved must not wait for the time-outs of its old address",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      await b.transport.stop();
      const moved = await rig.node("n2", { startNumber: 2 });
      moved.transport.setPeers("main", [a.entry]);
      a.transport.setPeers("main", [moved.entry]);
      check(moved.transport.address !== b.entry.address, "it did not move");
      await rig.fixture.until(() => a.hears(moved) && moved.hears(a), "they meet at the new address");
      check(await getsThrough(rig, a, moved), "nothing arrives there");
    }),
  },
  {
    id: "E19 a node that knows no configuration lets its cluster in and answers",
    why: "a stranger votes too; if it could not, a cluster could not be founded",
    run: withTransport(factory, async (rig) => {
      const [a, fresh] = [await rig.node("n1"), await rig.node("n2")];
      a.transport.setPeers("main", [fresh.entry]);
      await rig.fixture.until(() => a.hears(fresh), "the one that knows the other hears it");
      check(await getsThrough(rig, a, fresh), "the stranger hears nothing");
      check(await getsThrough(rig, fresh, a), "its answer does not arrive");
    }),
  },
  {
    id: "M13 M09 identify says who is there, before any membership, and nothing of one that was removed",
    why: "bootstrap asks every voter for its incarnation before there is a cluster; one that never campaigns again must not vote again",
    run: withTransport(factory, async (rig) => {
      const a = await rig.node("n1", { clusterId: "" });
      const b = await rig.node("n2", { clusterId: "", startNumber: 3 });
      const expected: PeerIdentity = {
        nodeId: "n2",
        clusterId: "",
        directoryId: "d000000000000002",
        startNumber: 3,
        incarnation: b.incarnation,
      };
      const directoryId = "d000000000000002";
      const ask = (group: string) => outcome(rig, a.transport.identify(b.transport.address, group, 2_000));
      same({ ...(await ask("main")), directoryId }, expected, "main");
      same({ ...(await ask("none")), directoryId }, { ...expected, incarnation: "" }, "a group it has not");
      b.wasRemoved = true;
      same({ ...(await ask("main")), directoryId }, { ...expected, incarnation: "" }, "one that was removed");
    }),
  },
  {
    id: "M13 identify rejects when nobody is there",
    why: "bootstrap must say whom it could not ask, not wait",
    run: withTransport(factory, async (rig) => {
      const [a, b] = [await rig.node("n1"), await rig.node("n2")];
      await b.transport.stop();
      await rejects(() => outcome(rig, a.transport.identify(b.transport.address, "main", 300)), "asking nobody");
    }),
  },
  {
    id: "M13 T02 a waiting node is claimed by a handshake that names its incarnation, once, and then heard",
    why: "an empty directory must join the cluster that meant it, and no other",
    run: withTransport(factory, async (rig) => {
      const [founder, waiting] = [await rig.node("n1"), await rig.node("n2", { clusterId: "" })];
      founder.transport.setPeers("main", [waiting.entry]);
      await rig.fixture.until(() => founder.hears(waiting), "the waiting node is up");
      same(waiting.claims, [CLUSTER], "claims");
      check(await getsThrough(rig, founder, waiting), "nothing arrives after the claim");
    }),
  },
  {
    id: "M13 a handshake that names another incarnation claims nobody",
    why: "a wiped directory under an old name is a new replica: nobody may take it for the old one",
    run: withTransport(factory, async (rig) => {
      const [founder, waiting] = [await rig.node("n1"), await rig.node("n2", { clusterId: "" })];
      founder.transport.setPeers("main", [{ ...waiting.entry, incarnation: "ffffffffffffffff" }]);
      check(!(await getsThrough(rig, founder, waiting)), "a message arrived at a node that waits");
      same(waiting.claims, [], "claims");
    }),
  },
  {
    id: "S04 T06 a snapshot's bytes arrive whole and in order, under their header",
    why: "they are the only copy of what the log no longer holds",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const bytes = pattern(700_000, 4);
      const header = { group: "main", from: "n1", fromIncarnation: a.incarnation, toIncarnation: b.incarnation };
      const chunks = async function* () {
        for (let at = 0; at < bytes.length; at += 50_000) yield bytes.slice(at, at + 50_000);
      };
      const full = { ...header, transfer: 77, offset: 4_096 };
      await outcome(rig, a.transport.sendSnapshot(full, b.entry, chunks(), new AbortController().signal));
      same(b.snapshots.length, 1, "streams");
      same(b.snapshots[0], { header: full, bytes }, "the stream");
    }),
  },
  {
    id: "S04 a stream that the receiver rejects, or that the sender gives up, fails at both ends",
    why: "half a transfer must be known as half: the other end would wait for ever",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const header = {
        group: "main",
        from: "n1",
        fromIncarnation: a.incarnation,
        toIncarnation: b.incarnation,
        offset: 0,
      };
      const three = async function* () {
        for (let i = 0; i < 3; i++) yield pattern(10_000, i);
      };
      b.onStream = () => Promise.reject(new Error("the receiver's disk is full"));
      const refused = a.transport.sendSnapshot(
        { ...header, transfer: 1 },
        b.entry,
        three(),
        new AbortController().signal,
      );
      await rejects(() => outcome(rig, refused), "a rejected stream");
      const ends: string[] = [];
      b.onStream = async (bytes) => {
        for await (const chunk of bytes) if (chunk.length > 0 && ends.length === 0) ends.push("began");
        return new Uint8Array(0);
      };
      const abort = new AbortController();
      const given = a.transport.sendSnapshot({ ...header, transfer: 2 }, b.entry, thenSilence(three()), abort.signal);
      given.catch(() => {});
      await rig.fixture.until(() => ends.length > 0, "the stream began");
      abort.abort();
      await rejects(() => outcome(rig, given), "a stream given up");
      same(b.snapshots.length, 0, "streams that counted as whole");
    }),
  },
  {
    id: "O01 describe is plain data before, during and after",
    why: "an operator asks why nothing arrives when nothing arrives",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      check(await getsThrough(rig, a, b), "nothing arrives");
      check(rounds(b.heard).length > 0, "no heartbeat");
      for (let i = 0; i < 2; i++) {
        check(Object.keys(JSON.parse(JSON.stringify(a.transport.describe())) as object).length > 0, "no facts");
        await a.transport.stop();
      }
    }),
  },
];

/** The chunks of `head`, and then nothing more: a sender that hangs. */
async function* thenSilence(head: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  await new Promise<never>(() => {});
}
