import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCerts } from "../src/certs/run-certs.js";

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "hexraft-certs-")), "certs");
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

const certificate = (name: string) => new X509Certificate(readFileSync(join(directory, `${name}.crt`)));
async function make(nodes: string, days = 30): Promise<string> {
  const lines: string[] = [];
  await runCerts({ directory, nodes, days }, (line) => lines.push(line));
  return lines.join("\n");
}

describe("hexraft certs", () => {
  it("T03 names the hosts of the doors beside the node, and refuses what is none", async () => {
    await runCerts({ directory, nodes: "n1", days: 30, hosts: "db.example,10.0.0.1,::1" }, () => {});
    const { subjectAltName = "" } = certificate("n1");
    expect(subjectAltName.split(", ")).toEqual([
      "URI:urn:hexraft:node:n1",
      "DNS:db.example",
      "IP Address:10.0.0.1",
      "IP Address:0:0:0:0:0:0:0:1",
    ]);
    for (const hosts of ["", "a b", "-x", "urn:x", "a".repeat(254)])
      await expect(runCerts({ directory, nodes: "n1", days: 30, hosts }, () => {})).rejects.toThrow(/hosts is/);
  });

  it("T03 makes an authority, and for each node a certificate that names it and no other", async () => {
    const said = await make("n1,n2");
    const authority = certificate("ca");
    expect([authority.ca, certificate("n1").ca]).toEqual([true, false]);
    for (const id of ["n1", "n2"]) {
      const own = certificate(id);
      expect([own.verify(authority.publicKey), own.checkIssued(authority)]).toEqual([true, true]);
      expect(own.subjectAltName).toBe(`URI:urn:hexraft:node:${id}`);
      expect(said).toContain(`--tls-cert ${join(directory, `${id}.crt`)} --tls-key ${join(directory, `${id}.key`)}`);
    }
    expect(Date.parse(certificate("n1").validTo)).toBeLessThanOrEqual(Date.now() + 30 * 86_400_000);
  });

  it("T03 nobody but their owner may read keys and directory", async () => {
    await make("n1");
    const modes = ["ca.key", "n1.key", "."].map((name) => statSync(join(directory, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o700]);
  });

  it("T03 run again it adds and renews nodes under the same authority", async () => {
    await make("n1");
    const [authority, before] = [certificate("ca").fingerprint256, certificate("n1").fingerprint256];
    await make("n1,n4");
    expect(certificate("ca").fingerprint256).toBe(authority);
    expect(certificate("n1").fingerprint256).not.toBe(before);
    expect(certificate("n4").verify(certificate("ca").publicKey)).toBe(true);
  });

  it("O05 refuses what is no node id, a node named twice, and half an authority", async () => {
    for (const nodes of ["", "n1,n1", "n 1", "../n1", "ca"]) await expect(make(nodes)).rejects.toThrow(/nodes is/);
    await make("n1");
    rmSync(join(directory, "ca.key"));
    await expect(make("n1")).rejects.toMatchObject({ code: "BadOption", message: expect.stringContaining("ca.crt") });
  });
});
