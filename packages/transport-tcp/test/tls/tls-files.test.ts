import { beforeAll, describe, expect, it } from "vitest";
import { badOption } from "../../src/bad-option.js";
import { nodesNamedBy } from "../../src/tls/certificate-names.js";
import { TlsFiles } from "../../src/tls/tls-files.js";
import { TlsSockets } from "../../src/tls/tls-sockets.js";
import { Authority, file } from "../support/authority.js";
import { keepingLogger } from "../support/ports.js";

let authority: Authority;
beforeAll(async () => {
  authority = await Authority.found();
});

describe("the nodes that a certificate names", () => {
  it.each([
    ["URI:urn:hexraft:node:n1", ["n1"]],
    ["DNS:n9, URI:urn:hexraft:node:n1, IP Address:127.0.0.1, URI:urn:hexraft:node:n_2.b", ["n1", "n_2.b"]],
    ["", []],
    ["DNS:urn:hexraft:node:n1", []],
    ["URI:urn:hexraft:node:", []],
    [`URI:urn:hexraft:node:${"n".repeat(65)}`, []],
    ["URI:urn:hexraft:node:n1/..", []],
    // One name that poses as two: the host quotes it, and it stays one.
    ['DNS:"x, URI:urn:hexraft:node:n1"', []],
    ['DNS:"x\\", URI:urn:hexraft:node:n1, DNS:\\"y"', []],
    ['URI:"urn:hexraft:node:n1"', []],
    ['DNS:"unfinished, URI:urn:hexraft:node:n1', []],
  ])("T03 of %s", (subjectAltName, nodes) => {
    expect(nodesNamedBy({ subjectAltName })).toEqual(nodes);
  });

  it("T03 a certificate without alternative names, whatever its subject, names none", async () => {
    const { certificateFile, ...rest } = await authority.tls("n1", { uris: [] });
    const sockets = new TlsSockets({ certificateFile, ...rest, renewIntervalMs: 10 });
    expect(() => sockets.open("n1", keepingLogger(), () => {})).toThrow(
      /must name this node by the URI urn:hexraft:node:n1; it names none/,
    );
  });
});

describe("TLS files", () => {
  const fault = (over: object, files: Awaited<ReturnType<Authority["tls"]>>): unknown => {
    try {
      return new TlsFiles({ ...files, ...over }, (field, value, rule) => badOption(`tls.${field}`, value, rule));
    } catch (error) {
      return (error as { details?: unknown }).details;
    }
  };

  it("O05 T03 a file that is missing, or holds something else, is named", async () => {
    const files = await authority.tls("n1");
    for (const field of ["caFile", "certificateFile", "keyFile"])
      for (const path of ["/nowhere/x.pem", file("no PEM at all")])
        expect(fault({ [field]: path }, files)).toMatchObject({ field: `tls.${field}`, value: path });
  });

  it("O05 T03 the key of another certificate is refused", async () => {
    const { keyFile } = await authority.tls("n1");
    expect(fault({ keyFile }, await authority.tls("n1"))).toMatchObject({ field: "tls.keyFile" });
  });
});
