import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { NodeId } from "@hexraft/core/ports";
import { badOption } from "../bad-option.js";
import { NODE_URI, nodesNamedBy } from "./certificate-names.js";
import type { ResolvedTlsOptions } from "./tls-options.js";

/** The oldest TLS that is spoken. */
const TLS_MIN = "TLSv1.2";
const FILES = ["caFile", "certificateFile", "keyFile"] as const;

type Pem = Readonly<Record<(typeof FILES)[number], string>>;

/** What this node proves itself with, and whom it believes: three files, read again now and then. */
export class Credentials {
  /** For calls. */
  context: SecureContext;
  private pem: Pem;
  private id: NodeId | undefined;

  /** Reads the files. @throws RaftError `BadOption`, naming the file and what is wrong with it. */
  constructor(private readonly options: ResolvedTlsOptions) {
    this.pem = read(options);
    this.context = contextOf(options, this.pem);
  }

  /** For a listener. */
  get secureOptions(): SecureContextOptions {
    return secureOptionsOf(this.pem);
  }

  /** From now on the own certificate has to speak for this node. @throws RaftError `BadOption` if it does not. */
  mustName(id: NodeId): void {
    checkNames(this.options, this.pem, id);
    this.id = id;
  }

  /**
   * Looks whether the files have changed, and takes them if they belong together: while somebody is just replacing
   * them, a certificate may stand beside the key of the one before.
   *
   * @returns what was renewed, if anything was.
   */
  async renew(): Promise<"nothing" | "certificate" | "authority"> {
    const texts = await Promise.all(FILES.map((field) => readFile(this.options[field], "utf8")));
    const pem = Object.fromEntries(FILES.map((field, i) => [field, texts[i]])) as unknown as Pem;
    if (FILES.every((field) => pem[field] === this.pem[field])) return "nothing";
    const isOtherAuthority = pem.caFile !== this.pem.caFile;
    const context = contextOf(this.options, pem);
    if (this.id !== undefined) checkNames(this.options, pem, this.id);
    this.context = context;
    this.pem = pem;
    return isOtherAuthority ? "authority" : "certificate";
  }
}

function read(options: ResolvedTlsOptions): Pem {
  const text = (field: keyof Pem) => {
    try {
      return readFileSync(options[field], "utf8");
    } catch (error) {
      throw badOption(`tls.${field}`, options[field], `must be a file that can be read (${(error as Error).message})`);
    }
  };
  return { caFile: text("caFile"), certificateFile: text("certificateFile"), keyFile: text("keyFile") };
}

const secureOptionsOf = ({ caFile, certificateFile, keyFile }: Pem): SecureContextOptions => ({
  ca: caFile,
  cert: certificateFile,
  key: keyFile,
  minVersion: TLS_MIN,
});

function contextOf(options: ResolvedTlsOptions, pem: Pem): SecureContext {
  certificateIn(options, pem, "caFile");
  certificateIn(options, pem, "certificateFile");
  try {
    return createSecureContext(secureOptionsOf(pem));
  } catch (error) {
    const rule = `must hold the PEM key of the certificate in ${options.certificateFile} (${(error as Error).message})`;
    throw badOption("tls.keyFile", options.keyFile, rule);
  }
}

function certificateIn(options: ResolvedTlsOptions, pem: Pem, field: "caFile" | "certificateFile"): X509Certificate {
  try {
    return new X509Certificate(pem[field]);
  } catch (error) {
    throw badOption(`tls.${field}`, options[field], `must hold a PEM certificate (${(error as Error).message})`);
  }
}

function checkNames(options: ResolvedTlsOptions, pem: Pem, id: NodeId): void {
  const named = nodesNamedBy(certificateIn(options, pem, "certificateFile"));
  if (named.includes(id)) return;
  const rule = `must name this node by the URI ${NODE_URI}${id}; it names ${named.join(", ") || "none"}`;
  throw badOption("tls.certificateFile", options.certificateFile, rule);
}
