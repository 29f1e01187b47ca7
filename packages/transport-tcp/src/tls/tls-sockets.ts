import type { X509Certificate } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { connect, createServer as createTlsServer, TLSSocket, type Server as TlsServer } from "node:tls";
import type { Logger, NodeId } from "@hexraft/core/ports";
import type { HostAndPort } from "../address.js";
import { badOption } from "../bad-option.js";
import { type Accept, type Proof, SOCKET_OPTIONS, type Sockets } from "../sockets.js";
import { NODE_URI, nodesNamedBy } from "./certificate-names.js";
import { TlsFiles } from "./tls-files.js";
import type { ResolvedTlsOptions } from "./tls-options.js";

/**
 * T03: mutual TLS, 1.2 or newer. Who listens and who dials both show a certificate of the cluster's authority, in force
 * now, or the connection never gets as far as a frame. Which node it names is judged in the handshake of frames.
 */
export class TlsSockets implements Sockets {
  private readonly files: TlsFiles;
  private readonly proofs = new WeakMap<Socket, Proof>();
  private readonly servers = new Set<TlsServer>();
  private timer: NodeJS.Timeout | undefined;

  /** Reads the files. @throws RaftError `BadOption`, naming the file and what is wrong with it. */
  constructor(private readonly options: ResolvedTlsOptions) {
    this.files = new TlsFiles(options, (field, value, rule) => badOption(`tls.${field}`, value, rule));
  }

  /** @inheritDoc */
  open(id: NodeId, logger: Logger, onNewAuthority: () => void): void {
    this.files.mustHold((certificate) => this.checkNames(certificate, id));
    this.timer = setInterval(() => void this.renew(logger, onNewAuthority), this.options.renewIntervalMs).unref();
  }

  /** @inheritDoc */
  close(): void {
    clearInterval(this.timer);
  }

  /** @inheritDoc */
  server(accept: Accept): Server {
    const secured = new Map<string, (socket: Socket) => void>();
    const tls = createTlsServer({ ...this.files.secureOptions, requestCert: true, rejectUnauthorized: true });
    this.servers.add(tls);
    // Connections are counted as they come, not after a TLS handshake that a silent crowd never begins (T07).
    const server = createServer(SOCKET_OPTIONS, (socket) => {
      const onSecure = accept(socket);
      if (onSecure === undefined) return;
      const way = wayOf(socket);
      secured.set(way, onSecure);
      socket.once("close", () => secured.delete(way));
      tls.emit("connection", socket);
    });
    tls.on("secureConnection", (socket) => {
      const onSecure = secured.get(wayOf(socket));
      if (onSecure === undefined) socket.destroy();
      else onSecure(socket);
    });
    tls.on("tlsClientError", (_, socket) => socket.destroy());
    server.once("close", () => this.servers.delete(tls));
    return server;
  }

  /** @inheritDoc */
  dial({ host, port }: HostAndPort): Socket {
    const { context: secureContext } = this.files;
    // Whom a certificate must name is known by id, not by host name: that is judged when the welcome comes.
    const checkServerIdentity = () => undefined;
    return connect({ host, port, secureContext, rejectUnauthorized: true, checkServerIdentity, ...SOCKET_OPTIONS });
  }

  /** @inheritDoc */
  proof(socket: Socket): Proof {
    const shown = this.proofs.get(socket) ?? readProof(socket);
    this.proofs.set(socket, shown); // a socket that dialled hands the certificate out once
    return shown;
  }

  /** The own certificate has to speak for this node. */
  private checkNames(certificate: X509Certificate, id: NodeId): void {
    const named = nodesNamedBy(certificate);
    if (named.includes(id)) return;
    const rule = `must name this node by the URI ${NODE_URI}${id}; it names ${named.join(", ") || "none"}`;
    throw badOption("tls.certificateFile", this.options.certificateFile, rule);
  }

  private async renew(logger: Logger, onNewAuthority: () => void): Promise<void> {
    try {
      const renewed = await this.files.renew();
      if (renewed === "nothing" || this.timer === undefined) return;
      for (const tls of this.servers) tls.setSecureContext(this.files.secureOptions);
      logger.info("took new TLS files", { renewed });
      if (renewed === "authority") onNewAuthority();
    } catch (error) {
      logger.warn("kept the TLS files read before, as the new ones cannot be used", { reason: String(error) });
    }
  }
}

/** Read once both sides have shown their certificates. */
function readProof(socket: Socket): Proof {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return { nodes: [], validUntilMs: 0 };
  return { nodes: nodesNamedBy(certificate), validUntilMs: Date.parse(certificate.validTo) };
}

/** Both ends of a connection, which no other has while it lasts. */
const wayOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  [localAddress, localPort, remoteAddress, remotePort].join(" ");
