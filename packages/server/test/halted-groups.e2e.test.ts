import type { ClusterGroup } from "@hexraft/client";
import { DEFAULT_OPTIONS, type NodeDescription } from "@hexraft/core";
import { type Envelope, Transport, type TransportReceiver } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { tcpTransport } from "@hexraft/transport-tcp";
import { Container } from "inversify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ThreeNodes, until } from "./support/three-nodes.js";

const GROUPS = ["..n", "n.."] as const;

let cluster: ThreeNodes;
beforeEach(async () => {
  cluster = await new ThreeNodes([], { flags: ["--split-at", "n"] }).start();
});
afterEach(() => cluster.stop());

const describeOf = (id: string, group: string) => cluster.ask<NodeDescription>(id, `/v1/status?group=${group}`);
const get = async (path: string) => {
  const answer = await fetch(`http://${cluster.of("n1").listening.http}${path}`);
  return { status: answer.status, text: await answer.text() };
};

/** What has taken n3's place says to n1 that it leads, in the very term in which another one does (E17). */
class Liar {
  private readonly transport: Transport;
  private readonly known = new Map<string, { readonly own: NodeDescription; readonly other: NodeDescription }>();
  private isUp = false;

  constructor() {
    const host = new Container({ defaultScope: "Singleton" });
    host.load(nodeRuntime(), tcpTransport({ host: "127.0.0.1", port: 0, plaintext: true }));
    this.transport = host.get(Transport);
  }

  async takePlace(): Promise<void> {
    for (const group of GROUPS)
      this.known.set(group, { own: await describeOf("n3", group), other: await describeOf("n1", group) });
    await cluster.of("n3").process.signal("SIGKILL");
    const [{ own }] = this.known.values() as Iterable<{ own: NodeDescription }> as [{ own: NodeDescription }];
    const { clusterId, directoryId, startNumber } = own.identity;
    const { frameBytesMax } = DEFAULT_OPTIONS;
    await this.transport.start({ nodeId: "n3", clusterId, directoryId, startNumber: startNumber + 1, frameBytesMax });
    for (const [group, { own: mine, other }] of this.known) {
      this.transport.attach(group, this.receiver(mine.identity.incarnation));
      const { incarnation } = other.identity;
      this.transport.setPeers(group, [{ id: "n1", incarnation, address: other.address }]);
    }
    await until("a connection to n1", async () => (this.isUp ? true : undefined));
  }

  /** If n1 follows or is a leader that is not the one whose place this took. */
  async lie(group: string): Promise<void> {
    const { own, other } = this.known.get(group) as { own: NodeDescription; other: NodeDescription };
    const { leader, term } = await describeOf("n1", group);
    if (leader === null || leader === "n3") return;
    const envelope: Envelope = {
      group,
      from: "n3",
      fromIncarnation: own.identity.incarnation,
      startNumber: own.identity.startNumber + 1,
      recoveryNumber: other.identity.recoveryNumber, // n1 founded the groups
      to: "n1",
      toIncarnation: other.identity.incarnation,
      message: { type: "Heartbeat", term, commit: 0, round: 1 },
    };
    expect(this.transport.send(envelope)).toBe(true);
    this.transport.flush();
  }

  stop(): Promise<void> {
    return this.transport.stop();
  }

  private receiver(incarnation: string): TransportReceiver {
    return {
      incarnation,
      onMessage: () => {},
      onPeerUp: () => {
        this.isUp = true;
      },
      onPeerDown: () => {},
      onClaim: async () => {},
      onSnapshot: async () => {},
    };
  }
}

it("L04 G03 E17 a process of many groups goes on as long as one of them serves, and ends with exit code 7 and all reasons after the last", async () => {
  const liar = new Liar();
  await liar.takePlace();
  const haltOf = async (group: string) => {
    const { groups } = await cluster.ask<{ readonly groups: readonly ClusterGroup[] }>("n1", "/v1/groups");
    return groups.find((each) => each.group === group)?.halted;
  };
  // Once more where another term had begun when it was heard.
  await until("the group to stop", async () => {
    if ((await haltOf("..n")) !== "") return true;
    await liar.lie("..n");
    return undefined;
  });
  expect(await haltOf("..n")).toMatch(/E17 two leaders in one term/);
  expect(await haltOf("n..")).toBe("");
  const { process } = cluster.of("n1");
  expect(process.out).toMatch(/the group \.\.n has stopped in place here .*E17 .*serving=1/);
  const url = `http://${cluster.of("n1").listening.http}/v1/kv/nut`;
  await until("a write to the other group", async () =>
    (await fetch(url, { method: "PUT", body: "brown" })).status === 200 ? true : undefined,
  );
  const kept = await cluster.http("n1", "/v1/kv/nut");
  expect([kept.status, await kept.text()]).toEqual([200, "brown"]);
  expect((await get("/v1/kv/apple")).status).toBe(500);
  expect((await get("/healthz")).text).toBe("ok\n");
  expect(await get("/readyz")).toMatchObject({ status: 503, text: expect.stringMatching(/^\.\.n: halted: E17/) });

  await until("the process to end", async () => {
    if (process.child.exitCode !== null) return true;
    await liar.lie("n..");
    return undefined;
  });
  expect([await process.end(), process.error]).toEqual([
    7,
    expect.stringMatching(
      /n1 has stopped in place: no group serves any more: E17 two leaders in one term \(\.\.n, n\.\.\)/,
    ),
  ]);
  await liar.stop();
});
