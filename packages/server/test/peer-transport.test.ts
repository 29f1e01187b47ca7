import { tcpTransport } from "@hexraft/transport-tcp";
import { describe, expect, it } from "vitest";
import { peerTransportOf } from "../src/serve/peer-transport.js";
import { resolveServeOptions } from "../src/serve/serve-options.js";

const GOOD = { nodeId: "n1", dataDirectory: "/data", listen: "7001" };
const of = (raft: object) => peerTransportOf(resolveServeOptions({ ...GOOD, raft }));

describe("how a served node talks to its peers", () => {
  it("T04 T07 a silent connection is given up after five election timeouts, and its peer called again every two of them", () => {
    expect(of({ electionTimeoutMs: 300 })).toEqual({
      host: "127.0.0.1",
      port: 7001,
      plaintext: false,
      pingIntervalMs: 300,
      silenceMaxMs: 1_500,
      handshakeTimeoutMs: 1_000,
      reconnectMaxMs: 600,
    });
  });

  it("T04 T07 the default, and a longer T, leave the transport's own times", () => {
    const usual = { pingIntervalMs: 1_000, silenceMaxMs: 5_000, handshakeTimeoutMs: 3_000, reconnectMaxMs: 2_000 };
    for (const raft of [{}, { electionTimeoutMs: 1_000 }, { electionTimeoutMs: 60_000 }])
      expect(of(raft)).toMatchObject(usual);
  });

  it("O05 the shortest T makes no wrong options, and a wrong one is left for core to name", () => {
    for (const electionTimeoutMs of [10, 0, 1.5, Number.NaN, "soon"])
      expect(() => tcpTransport(of({ electionTimeoutMs }))).not.toThrow();
  });
});
