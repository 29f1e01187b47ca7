import { join } from "node:path";
import { freePorts } from "@hexraft/testing/proxy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeArguments, Workshop } from "./support/serve-process.js";

let workshop: Workshop;
beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop.cleanUp());

const IDS = ["n1", "n2", "n3"];
const tlsFlags = (directory: string, id: string) => {
  const file = (name: string) => join(directory, name);
  return ["--tls-ca", file("ca.crt"), "--tls-cert", file(`${id}.crt`), "--tls-key", file(`${id}.key`)];
};

describe("hexraft serve with TLS", () => {
  it("T03 three nodes with certificates of hexraft certs found a cluster, and a node of another authority stays outside", async () => {
    const [certs, foreign] = [join(workshop.directory, "certs"), join(workshop.directory, "foreign")];
    expect(await workshop.run("certs", certs, "--nodes", IDS.join(",")).end()).toBe(0);
    expect(await workshop.run("certs", foreign, "--nodes", "n3").end()).toBe(0);
    const ports = await freePorts(3);
    const bootstrap = IDS.map((id, i) => `${id}=127.0.0.1:${ports[i]}`).join(",");
    const start = (id: string, directory: string) => {
      const args = nodeArguments(workshop.directory, id, ports[IDS.indexOf(id)] as number, bootstrap);
      return workshop.run(...args, ...tlsFlags(directory, id));
    };
    const [n1] = [start("n1", certs), start("n2", certs)];
    const wrong = start("n3", foreign);
    await wrong.ready;
    await expect.poll(() => n1.out).toMatch(/cannot ask .*certificate|self-signed|issuer/);
    expect(n1.out).not.toContain("founded the cluster");
    await wrong.signal("SIGKILL");
    const n3 = start("n3", certs);
    const [first, last] = [await n1.ready, await n3.ready];
    const put = async () =>
      (await fetch(`http://${first.http}/v1/kv/k`, { method: "PUT", body: "v" }).catch(() => ({ status: 0 }))).status;
    await expect.poll(put, { timeout: 40_000 }).toBe(200);
    await expect.poll(async () => (await fetch(`http://${last.http}/v1/kv/k`)).text()).toBe("v");
  });

  it("T03 without TLS it does not listen beyond its machine, unless plaintext is said", async () => {
    const args = nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1").with(6, "0.0.0.0:0");
    const refused = workshop.run(...args, "--advertise", "127.0.0.1:1");
    expect(await refused.end()).toBe(2);
    expect(refused.error).toMatch(/option host of tcpTransport is "0.0.0.0".*unless tls or plaintext is given/);
    const open = workshop.run(...args, "--advertise", "127.0.0.1:1", "--plaintext");
    await expect(open.ready).resolves.toMatchObject({ peer: "127.0.0.1:1" });
  });

  it("O05 T03 a TLS file that is missing, or half of the flags, end with exit code 2 and are named", async () => {
    const args = nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1");
    const missing = workshop.run(...args, ...tlsFlags(join(workshop.directory, "nowhere"), "n1"));
    expect(await missing.end()).toBe(2);
    expect(missing.error).toMatch(/tls.caFile .*nowhere.*must be a file that can be read/);
    const half = workshop.run(...args, "--tls-ca", "ca.crt");
    expect(await half.end()).toBe(2);
    expect(half.error).toContain("tls.certificateFile");
  });
});
