import { describe, expect, it } from "vitest";
import { tcpTransport } from "../src/index.js";
import { resolveTcpOptions } from "../src/options.js";

const HERE = { host: "127.0.0.1", port: 0 };
const fault = (options: object): unknown => {
  try {
    tcpTransport({ ...HERE, ...options });
  } catch (error) {
    return (error as { details?: unknown }).details;
  }
  return "nothing was thrown";
};

describe("options of the TCP transport", () => {
  it.each([
    ["host", ""],
    ["host", "a b"],
    ["port", -1],
    ["port", 65_536],
    ["port", 1.5],
    ["port", "7001"],
    ["advertise", "no-port"],
    ["advertise", "host:99999"],
    ["queueMessagesMax", 0],
    ["queueBytesMax", Number.NaN],
    ["connectionsMax", 0],
    ["handshakesMax", 1e9],
    ["handshakeTimeoutMs", 0],
    ["reconnectMinMs", 0],
    ["reconnectMaxMs", 1],
    ["pingIntervalMs", 1],
    ["silenceMaxMs", 1_500],
    ["streamStallMs", -5],
    ["colour", "blue"],
  ])("O05 %s = %j is refused, naming field, value and rule", (field, value) => {
    expect(fault({ [field]: value })).toEqual({ field, value, rule: expect.stringMatching(/\w+ \w+/) });
  });

  it("O05 a wildcard host needs an address that others can dial", () => {
    expect(fault({ host: "0.0.0.0" })).toMatchObject({ field: "advertise" });
    expect(fault({ host: "::" })).toMatchObject({ field: "advertise" });
    expect(fault({ host: "0.0.0.0", advertise: "node-1.example:7001" })).toBe("nothing was thrown");
  });

  it("O05 what is not given, or undefined, takes its default", () => {
    expect(resolveTcpOptions({ ...HERE, queueMessagesMax: 9 })).toMatchObject({
      host: "127.0.0.1",
      advertise: undefined,
      queueMessagesMax: 9,
      handshakeTimeoutMs: 3_000,
    });
  });
});
