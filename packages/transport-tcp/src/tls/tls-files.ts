import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { RaftError } from "@hexraft/core/ports";

/** The oldest TLS that is spoken. */
const TLS_MIN = "TLSv1.2";
const FILES = ["caFile", "certificateFile", "keyFile"] as const;
type FileField = (typeof FILES)[number];

/** Where {@link TlsFiles} finds its parts: PEM files. */
export interface TlsFilePaths {
  /** The authorities that are believed; absent: nobody is asked for a certificate. */
  readonly caFile?: string;
  /** The own certificate, and those between it and its authority. */
  readonly certificateFile: string;
  /** Its key. */
  readonly keyFile: string;
}

type Pem = Readonly<Partial<Record<FileField, string>>>;

/** What a listener or a caller proves itself with, and whom it believes: PEM files, read again now and then. */
export class TlsFiles {
  /** For calls. */
  context: SecureContext;
  private pem: Pem;

  private check: (certificate: X509Certificate) => void = () => {};

  /**
   * Reads the files.
   *
   * @param bad - makes the error of an option that names a file, out of field, path and the rule that it breaks.
   * @throws what `bad` makes, naming the file and what is wrong with it.
   */
  constructor(
    private readonly paths: TlsFilePaths,
    private readonly bad: (field: string, value: unknown, rule: string) => RaftError,
  ) {
    const texts = this.fields.map((file) => [file, this.read(file)]);
    this.pem = Object.fromEntries(texts) as Pem;
    this.context = this.contextOf(this.pem);
  }

  /** For a listener: certificates, and TLS 1.2 or newer. */
  get secureOptions(): SecureContextOptions {
    return secureOptionsOf(this.pem);
  }

  /** What has to hold for the own certificate besides, now and whenever it is renewed. @throws what `check` throws */
  mustHold(check: (certificate: X509Certificate) => void): void {
    check(this.certificateIn(this.pem, "certificateFile"));
    this.check = check;
  }

  /**
   * Looks whether the files have changed, and takes them if they belong together: while somebody is just replacing
   * them, a certificate may stand beside the key of the one before.
   *
   * @returns what was renewed, if anything was.
   * @throws as the constructor, or what reading a file threw; what was read before stays then.
   */
  async renew(): Promise<"nothing" | "certificate" | "authority"> {
    const { fields } = this;
    const texts = await Promise.all(fields.map((file) => readFile(this.paths[file] as string, "utf8")));
    const pem: Pem = Object.fromEntries(fields.map((file, i) => [file, texts[i]]));
    if (fields.every((file) => pem[file] === this.pem[file])) return "nothing";
    const isOtherAuthority = pem.caFile !== this.pem.caFile;
    this.context = this.contextOf(pem);
    this.pem = pem;
    return isOtherAuthority ? "authority" : "certificate";
  }

  private get fields(): readonly FileField[] {
    return FILES.filter((file) => this.paths[file] !== undefined);
  }

  private read(file: FileField): string {
    try {
      return readFileSync(this.paths[file] as string, "utf8");
    } catch (error) {
      throw this.fault(file, `must be a file that can be read (${(error as Error).message})`);
    }
  }

  private contextOf(pem: Pem): SecureContext {
    if (pem.caFile !== undefined) this.certificateIn(pem, "caFile");
    const certificate = this.certificateIn(pem, "certificateFile");
    let context: SecureContext;
    try {
      context = createSecureContext(secureOptionsOf(pem));
    } catch (error) {
      const cause = (error as Error).message;
      throw this.fault(
        "keyFile",
        `must hold the PEM key of the certificate in ${this.paths.certificateFile} (${cause})`,
      );
    }
    this.check(certificate);
    return context;
  }

  private certificateIn(pem: Pem, file: "caFile" | "certificateFile"): X509Certificate {
    try {
      return new X509Certificate(pem[file] as string);
    } catch (error) {
      throw this.fault(file, `must hold a PEM certificate (${(error as Error).message})`);
    }
  }

  private fault(file: FileField, rule: string): RaftError {
    return this.bad(file, this.paths[file], rule);
  }
}

const secureOptionsOf = ({ caFile, certificateFile, keyFile }: Pem): SecureContextOptions => ({
  ...(caFile !== undefined && { ca: caFile }),
  ...(certificateFile !== undefined && { cert: certificateFile }),
  ...(keyFile !== undefined && { key: keyFile }),
  minVersion: TLS_MIN,
});
