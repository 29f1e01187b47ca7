import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../src/address.js";
import { eventually } from "./support/eventually.js";
import { GROUP, heartbeat, member, rounds } from "./support/member.js";

describe("addresses", () => {
  it("T04 host and port are told apart, IPv6 included, and come back as they were", () => {
    for (const [text, host, port] of [
      ["127.0.0.1:7001", "127.0.0.1", 7001],
      ["node-1.example:0", "node-1.example", 0],
      ["[::1]:65535", "::1", 65_535],
    ] as const) {
      expect(parseAddress(text)).toEqual({ host, port });
      expect(formatAddress(host, port)).toBe(text);
    }
    for (const text of ["", ":7001", "host", "host:", "host:65536", "host:7 ", "::1:7001", "[::1]", "host:-1", "a b:1"])
      expect([text, parseAddress(text)]).toEqual([text, undefined]);
  });

  it("T02 a node names the port it got, or what it was told to advertise", async () => {
    const [n1, n2] = [await member("n1"), await member("n2", { host: "0.0.0.0", advertise: "elsewhere.example:7002" })];
    expect(n1.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(n2.address).toBe("elsewhere.example:7002");
  });

  it("T02 a message of exactly the largest frame passes", async () => {
    const frameBytesMax = 64 * 1024;
    const [n1, n2] = [await member("n1", { frameBytesMax }), await member("n2", { frameBytesMax })];
    n1.knows(n2.peer);
    await eventually("they are connected", () => n1.ups.length === 1);
    const propose = (sizeBytes: number) =>
      n1.say("n2", { type: "Propose", forTerm: 1, request: 1, payload: new Uint8Array(sizeBytes) });
    // 12 bytes of head, and the envelope around the payload: whatever is left to the limit is payload.
    const overhead = 12 + 2 + GROUP.length + 1 + 2 * 17 + 2 + 2 * 3 + 5 + 3;
    let sizeBytes = frameBytesMax - overhead - 8;
    while (n1.downs.length === 0) {
      propose(sizeBytes++);
      n1.say("n2", heartbeat(sizeBytes));
      const wanted = sizeBytes;
      await eventually(
        "it passed, or was one byte too long",
        () => rounds(n2.messages).includes(wanted) || n1.downs.length > 0,
      );
    }
    const largest = Math.max(
      ...n2.messages.map(({ message }) => (message.type === "Propose" ? message.payload.length : 0)),
    );
    expect(n1.downs[0]?.reason).toMatch(/announces 65537 bytes/);
    expect(largest).toBe(sizeBytes - 2);
  });
});
