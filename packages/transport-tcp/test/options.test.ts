import { describe, expect, it } from "vitest";
import { tcpTransport } from "../src/index.js";
import { resolveTcpOptions } from "../src/options.js";

const HERE = { host: "127.0.0.1", port: 0 };
const TLS = { caFile: "ca.pem", certificateFile: "n1.pem", keyFile: "n1.key" };
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
    ["leaverGraceMs", -1],
    ["plaintext", "yes"],
    ["admit", "everybody"],
    ["tls", true],
    ["colour", "blue"],
  ])("O05 %s = %j is refused, naming field, value and rule", (field, value) => {
    expect(fault({ [field]: value })).toEqual({ field, value, rule: expect.stringMatching(/\w+ \w+/) });
  });

  it("O05 a wildcard host needs an address that others can dial", () => {
    expect(fault({ host: "0.0.0.0" })).toMatchObject({ field: "advertise" });
    expect(fault({ host: "::" })).toMatchObject({ field: "advertise" });
    const open = { plaintext: true, advertise: "node-1.example:7001" };
    expect(fault({ host: "0.0.0.0", ...open })).toBe("nothing was thrown");
  });

  it("T03 without tls a node listens on its own machine alone, unless plaintext is said", () => {
    for (const host of ["10.0.0.1", "::", "node-1.example", "localhost.example", "128.0.0.1", "127.0.0.1.example"])
      expect(fault({ host, advertise: "a:1" })).toMatchObject({ field: "host", value: host });
    for (const host of ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
      expect(fault({ host })).toBe("nothing was thrown");
    expect(fault({ host: "10.0.0.1", plaintext: true })).toBe("nothing was thrown");
    expect(fault({ host: "10.0.0.1", tls: TLS })).toBe("nothing was thrown");
    expect(fault({ tls: TLS, plaintext: true })).toMatchObject({ field: "plaintext" });
  });

  it.each([
    ["caFile", ""],
    ["certificateFile", 7],
    ["keyFile", undefined],
    ["renewIntervalMs", 0],
    ["passphrase", "secret"],
  ])("O05 tls.%s = %j is refused, naming field, value and rule", (field, value) => {
    const rule = expect.stringMatching(/\w+ \w+/);
    expect(fault({ tls: { ...TLS, [field]: value } })).toEqual({ field: `tls.${field}`, value, rule });
  });

  it("T03 where nothing proves a name all of a cluster may come in, with tls members alone", () => {
    const admitted = [{}, { tls: TLS }, { tls: TLS, admit: "cluster" as const }].map(
      (options) => resolveTcpOptions({ ...HERE, ...options }).admit,
    );
    expect(admitted).toEqual(["cluster", "members", "cluster"]);
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
