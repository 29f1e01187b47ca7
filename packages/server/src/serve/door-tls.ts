import { createServer, type Server, type ServerOpts, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Logger } from "@hexraft/core/ports";
import { TlsFiles } from "@hexraft/transport-tcp";
import { badField } from "./bad-field.js";

/** What the doors prove themselves with. Clients show no certificate: they say a password. */
export interface DoorTlsOptions {
  /** PEM file with the certificate, and those between it and its authority. */
  readonly certificateFile: string;
  /** PEM file with its key. */
  readonly keyFile: string;
}

const FILES = ["certificateFile", "keyFile"] as const;

/** Checks them; nothing was said if there is no field. @throws RaftError `BadOption` */
export function resolveDoorTls(given: Readonly<Record<string, unknown>>): DoorTlsOptions | undefined {
  for (const [field, value] of Object.entries(given))
    if (!FILES.includes(field as (typeof FILES)[number]))
      throw badField(`doorTls.${field}`, value, `is no field; known are ${FILES.join(", ")}`);
  if (Object.keys(given).length === 0) return undefined;
  for (const field of FILES)
    if (typeof given[field] !== "string" || given[field] === "")
      throw badField(`doorTls.${field}`, given[field], "must be the path of a PEM file");
  return given as unknown as DoorTlsOptions;
}

/** TLS 1.2 or newer at the doors, with files that may be renewed under way. */
export class DoorTls {
  private readonly files: TlsFiles;
  private readonly servers = new Set<TlsServer>();

  /** Reads the files. @throws RaftError `BadOption`, naming the file and what is wrong with it. */
  constructor(
    options: DoorTlsOptions,
    private readonly logger: Logger,
  ) {
    this.files = new TlsFiles(options, (field, value, rule) => badField(`doorTls.${field}`, value, rule));
  }

  /** For a listener; what is renewed counts for {@link DoorTls.use}d ones from then on. */
  get secureOptions(): TlsFiles["secureOptions"] {
    return this.files.secureOptions;
  }

  /** The listener takes what is renewed. */
  use(server: TlsServer): void {
    this.servers.add(server);
  }

  /** Looks at the files; those that do not fit together are left alone, and an operator is told. */
  async renew(): Promise<void> {
    try {
      if ((await this.files.renew()) === "nothing") return;
      for (const server of this.servers) server.setSecureContext(this.secureOptions);
      this.logger.info("took a new certificate for the doors");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn("kept the doors' certificate, as the new files cannot be used", { reason });
    }
  }
}

/** Whoever comes to a door. */
export interface Doorway {
  /** Counts a connection as it comes, before any TLS: a silent crowd costs no handshake (T07). False: it was turned away. */
  readonly admit: (socket: Socket) => boolean;
  /** It may speak. */
  readonly serve: (socket: Socket) => void;
}

/** A listener for sockets, plain or behind TLS. */
export function doorServer(
  tls: DoorTls | undefined,
  options: ServerOpts,
  greetingTimeoutMs: number,
  { admit, serve }: Doorway,
): Server {
  const careless = (socket: Socket): void => void socket.on("error", () => socket.destroy());
  if (tls === undefined)
    return createServer(options, (socket) => {
      careless(socket);
      if (admit(socket)) serve(socket);
    });
  const secure = createTlsServer({ ...options, ...tls.secureOptions, handshakeTimeout: greetingTimeoutMs });
  secure.on("secureConnection", (socket) => {
    careless(socket);
    serve(socket);
  });
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  tls.use(secure);
  return createServer(options, (socket) => {
    careless(socket);
    if (admit(socket)) secure.emit("connection", socket);
  });
}
