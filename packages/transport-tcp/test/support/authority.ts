import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { afterAll } from "vitest";
import type { TlsOptions } from "../../src/index.js";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const directory = mkdtempSync(join(tmpdir(), "hexraft-tls-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

interface Wish {
  /** Subject alternative names: URIs. */
  readonly uris?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Certificate and key of somebody, as PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const newKeys = () => webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
async function keyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
}

/** An authority of a test: it signs whatever it is asked to. */
export class Authority {
  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    readonly certificate: string,
    private readonly name: string,
  ) {}

  static async found(name = "CN=test"): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name,
      keys: keys,
      signingAlgorithm: EC,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    });
    return new Authority(keys, certificate.toString("pem"), name);
  }

  /** A certificate for that node, unless the wish is another one. */
  async sign(id: string, { uris = [`urn:hexraft:node:${id}`], notBefore, notAfter }: Wish = {}): Promise<Pair> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${id}`,
      issuer: this.name,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: EC,
      notBefore: notBefore ?? new Date(Date.now() - DAY_MS / 2),
      notAfter: notAfter ?? new Date(Date.now() + DAY_MS / 2),
      extensions: [new x509.SubjectAlternativeNameExtension(uris.map((value) => ({ type: "url", value })))],
    });
    return { certificate: certificate.toString("pem"), key: await keyPem(keys) };
  }

  /** The files of a node that shows `pair` and believes this authority. */
  async tls(id: string, wish: Wish = {}): Promise<TlsOptions> {
    return this.filesOf(await this.sign(id, wish));
  }

  /** Writes them down. */
  filesOf({ certificate, key }: Pair): TlsOptions {
    return { caFile: file(this.certificate), certificateFile: file(certificate), keyFile: file(key) };
  }
}

/** A file of the test. */
export function file(text: string): string {
  const path = join(directory, `${++files}.pem`);
  writeFileSync(path, text);
  return path;
}
