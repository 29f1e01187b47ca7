import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../src/address.js";
import { member } from "./support/member.js";

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
    const [n1, n2] = [
      await member("n1"),
      await member("n2", { host: "0.0.0.0", plaintext: true, advertise: "elsewhere.example:7002" }),
    ];
    expect(n1.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(n2.address).toBe("elsewhere.example:7002");
  });
});
