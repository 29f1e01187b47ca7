import { describe, expect, it } from "vitest";
import { silent } from "../../src/composition/core-module.js";
import type { ProcessMail } from "../../src/node/process-mail.js";
import { SharedTransport } from "../../src/node/shared-transport.js";
import type { Transport, TransportReceiver } from "../../src/ports/transport.js";

describe("a transport that groups share", () => {
  it("M09 the transport hears of each group's own replica that it was removed", () => {
    const attached = new Map<string, TransportReceiver>();
    const transport: Pick<Transport, "attach"> = { attach: (group, receiver) => void attached.set(group, receiver) };
    const shared = new SharedTransport(
      transport as Transport,
      silent,
      () => false,
      () => ({}) as ProcessMail,
    );
    const removed = new Set<string>();
    for (const group of ["a", "b"])
      shared.attach(group, {
        incarnation: `of ${group}`,
        get wasRemoved() {
          return removed.has(group);
        },
        onMessage: () => {},
        onPeerUp: () => {},
        onPeerDown: () => {},
        onClaim: async () => {},
        onSnapshot: async () => {},
      });
    removed.add("b");
    const told = [...attached.values()].map(({ incarnation, wasRemoved }) => [incarnation, wasRemoved]);
    expect(told).toEqual([
      ["of a", false],
      ["of b", true],
    ]);
  });
});
