import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { RaftError } from "@hexraft/core/ports";
import { NODE_URI } from "@hexraft/transport-tcp";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Clocks of two machines may differ by this much, ms. */
const BACKDATED_MS = 3_600_000;
/** How long an authority for a trial lasts; its certificates end with it. */
const AUTHORITY_DAYS = 3_650;

/**
 * A certificate authority for a trial: its key lies in a file beside the certificates it makes. Use your own authority, and
 * keep its key elsewhere, for anything that matters.
 */
export class Authority {
  private constructor(
    private readonly directory: string,
    private readonly certificate: X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  /** The authority in `directory`; a new one if there is none. @throws RaftError `BadOption` for half of one. */
  static async openOrFound(directory: string): Promise<Authority> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const [certificateFile, keyFile] = [join(directory, "ca.crt"), join(directory, "ca.key")];
    const there = [certificateFile, keyFile].filter((file) => existsSync(file));
    if (there.length === 1)
      throw new RaftError(
        "BadOption",
        "refused",
        `${there[0]} is there, and its other half is not; put it back, or remove it`,
      );
    if (there.length === 0) await found(certificateFile, keyFile);
    const key = await webcrypto.subtle.importKey(
      "pkcs8",
      PemConverter.decodeFirst(readFileSync(keyFile, "utf8")),
      EC,
      false,
      ["sign"],
    );
    return new Authority(directory, new X509Certificate(readFileSync(certificateFile, "utf8")), key);
  }

  /**
   * Makes `<node id>.crt` and `.key`, in the place of any that are there, for the node and for the hosts by whose names clients reach its
   * doors. Returns when the certificate ends.
   */
  async certify(nodeId: string, days: number, hosts: readonly string[] = []): Promise<Date> {
    const doors = hosts.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value }));
    const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
    const now = Date.now();
    const notAfter = new Date(Math.min(now + days * DAY_MS, this.certificate.notAfter.getTime()));
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [nodeId] }],
      issuer: this.certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.key,
      signingAlgorithm: EC,
      notBefore: new Date(now - BACKDATED_MS),
      notAfter,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: `${NODE_URI}${nodeId}` }, ...doors]),
      ],
    });
    await writePair(join(this.directory, `${nodeId}.crt`), certificate, join(this.directory, `${nodeId}.key`), keys);
    return notAfter;
  }
}

async function found(certificateFile: string, keyFile: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // While one authority follows another both are believed: they must not share a name.
    name: `CN=hexraft trial authority ${randomBytes(4).toString("hex")}`,
    keys,
    signingAlgorithm: EC,
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  await writePair(certificateFile, certificate, keyFile, keys);
}

/** A running node may be reading: each file is whole at any time. The certificate comes last, as it is what is looked at. */
async function writePair(
  certificateFile: string,
  certificate: X509Certificate,
  keyFile: string,
  { privateKey }: webcrypto.CryptoKeyPair,
): Promise<void> {
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
  for (const [file, text, mode] of [
    [keyFile, key, 0o600],
    [certificateFile, certificate.toString("pem"), 0o644],
  ] as const) {
    writeFileSync(`${file}.new`, `${text}\n`, { mode });
    renameSync(`${file}.new`, file);
  }
}
