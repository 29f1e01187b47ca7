import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { Access } from "../access/access.js";
import { allows, type Identity } from "../access/role.js";
import type { AdminDesk } from "../admin/admin-desk.js";
import type { Groups } from "../groups/groups.js";
import type { KvService } from "../kv/kv-service.js";
import type { Scrape } from "../metrics/node-metrics.js";
import type { HostPort } from "../serve/address.js";
import { DEFAULT_DOOR_BOUNDS, type DoorBounds } from "../serve/door-bounds.js";
import type { DoorTls } from "../serve/door-tls.js";
import type { Front } from "../serve/front.js";
import { closeListener, listen } from "../serve/listener.js";
import { TokenBucket } from "../serve/token-bucket.js";
import { Turnstile, turnAway } from "../serve/turnstile.js";
import { runAdmin } from "./admin-route.js";
import { ADMIN, identify, roleFor } from "./authorization.js";
import { BackupRoute } from "./backup-route.js";
import { runBatch } from "./batch-route.js";
import { health, readiness } from "./health-routes.js";
import { HttpProblem, type HttpReply, send } from "./http-reply.js";
import { type HttpRequest, keyOfPath, onlyParameters, readRequest } from "./http-request.js";
import { deleteKey, getKey, incrementKey, putKey, rangeOfKeys } from "./kv-routes.js";
import { explanationOf, hashOf, listOf, statusOf } from "./node-routes.js";
import { problemOf, RETRY_AFTER } from "./problem-of.js";
import { inItsSession, openSession } from "./session-route.js";

/** What the HTTP front needs to know of its process. */
export interface HttpContext {
  /** The data of all groups. */
  readonly kv: KvService;
  /** The groups, for operators. */
  readonly groups: Groups;
  /** What those may ask who name no group. */
  readonly admin: Pick<AdminDesk, "ask">;
  /** O02. */
  scrape(): Promise<Scrape>;
}

/** Bounds of the front. */
export interface HttpLimits extends DoorBounds {
  /** Largest head of a request, bytes: the key is in it, up to three characters a byte. */
  readonly headBytesMax: number;
}

/** Starting values. */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  ...DEFAULT_DOOR_BOUNDS,
  headBytesMax: 256 * 1024,
};

/** Paths that read or change data. */
const DATA = /^\/v1\/(?:kv|incr|batch)(?:\/(.*)|$)/s;
/** Q08: what was answered, for `atLeast`. */
const TOKEN_HEADER = "hexraft-read-token";
const KEEP_ALIVE_MS = 30_000;

/** HTTP/JSON over one listener. */
export class HttpFront implements Front {
  private readonly server: Server;
  private readonly turnstile: Turnstile;
  /** Were told so already; what they asked is not done. */
  private readonly turnedAway = new WeakSet<Socket>();
  private readonly buckets = new WeakMap<Socket, TokenBucket>();
  private readonly backups: BackupRoute;

  constructor(
    private readonly context: HttpContext,
    private readonly limits: HttpLimits = DEFAULT_HTTP_LIMITS,
    private readonly access = Access.open,
    private readonly tls?: DoorTls,
  ) {
    const options = {
      maxHeaderSize: limits.headBytesMax,
      headersTimeout: Math.min(limits.greetingTimeoutMs, limits.arrivalTimeoutMs),
      requestTimeout: limits.arrivalTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: Math.min(KEEP_ALIVE_MS, limits.idleTimeoutMs),
    };
    this.server = this.listener(options);
    this.server.on("request", (request, response) => void this.answer(request, response));
    this.turnstile = new Turnstile(limits);
    this.backups = new BackupRoute((group) => context.groups.named(group), limits);
    // Before the parser sees the socket: who is too many costs a line of text.
    this.server.prependListener("connection", (socket: Socket) => this.admit(socket));
  }

  /** Listens. @throws RaftError `AddressInUse`. */
  start(at: HostPort): Promise<HostPort> {
    return listen(this.server, at, "http");
  }

  /** Closes listener and connections. Idempotent. */
  stop(): Promise<void> {
    const closed = closeListener(this.server);
    this.turnstile.clear();
    this.server.closeAllConnections();
    return closed;
  }

  private listener(options: ServerOptions): Server {
    if (this.tls === undefined) return createServer(options);
    const { greetingTimeoutMs: handshakeTimeout } = this.limits;
    const server = createTlsServer({ ...options, ...this.tls.secureOptions, handshakeTimeout });
    this.tls.use(server);
    return server;
  }

  private async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.turnedAway.has(message.socket)) return;
    let reply: HttpReply;
    try {
      this.slowDown(message.socket);
      const request = readRequest(message, this.limits.requestBytesMax);
      const who = await this.authorize(request, message.headers.authorization);
      const release = this.access.watch(
        () => who,
        () => message.socket.destroy(),
      );
      response.once("close", release);
      reply = this.withToken(request, await this.route(request, who));
    } catch (error) {
      reply = problemOf(error);
    }
    // What is left of a body that nobody wanted is read and dropped, so that the connection can serve the next request.
    message.resume();
    send(response, reply);
  }

  /** Q08: whoever was shown or acknowledged something can ask for as much elsewhere. */
  private withToken({ path }: HttpRequest, reply: HttpReply): HttpReply {
    const key = DATA.exec(path)?.[1];
    const token = DATA.test(path) ? this.context.kv.readToken(key ? keyOfPath(key) : reply.about) : "";
    return token === "" ? reply : { ...reply, headers: { ...reply.headers, [TOKEN_HEADER]: token } };
  }

  private admit(socket: Socket): void {
    const reason = this.turnstile.admit(socket);
    if (reason === "") return;
    if (this.tls !== undefined) return void socket.destroy(); // it waits for TLS, and would not understand
    this.turnedAway.add(socket);
    const body = `${JSON.stringify({ error: "TooManyConnections", outcome: "refused", message: reason })}\n`;
    const head = ["HTTP/1.1 503 Service Unavailable", "retry-after: 1", "connection: close"];
    turnAway(socket, `${[...head, `content-length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`);
  }

  /** @throws HttpProblem 429 */
  private slowDown(socket: Socket): void {
    const { requestsPerSecondMax } = this.limits;
    const now = performance.now();
    const bucket = this.buckets.get(socket) ?? new TokenBucket(requestsPerSecondMax, now);
    this.buckets.set(socket, bucket);
    if (bucket.take(now)) return;
    const message = `More than ${requestsPerSecondMax} requests a second came over this connection (requestsPerSecondMax).`;
    throw new HttpProblem(429, "TooManyRequests", message, { outcome: "refused" }, RETRY_AFTER);
  }

  /** @throws HttpProblem 401, 403 */
  private async authorize(request: HttpRequest, authorization: string | undefined): Promise<Identity> {
    const needed = roleFor(request);
    if (allows(this.access.anonymous, needed)) return this.access.anonymous;
    const identity = await identify(this.access, authorization);
    if (!allows(identity, needed))
      throw new HttpProblem(
        403,
        "Forbidden",
        `User ${identity.name} has role ${identity.role}; this is for ${needed}.`,
      );
    return identity;
  }

  private route(request: HttpRequest, who: Identity): Promise<HttpReply> | HttpReply {
    const { method, path } = request;
    const { kv, groups } = this.context;
    const key = /^\/v1\/kv\/(.*)$/s.exec(path)?.[1];
    if (key !== undefined) {
      if (method === "GET" || method === "HEAD") return getKey(kv, keyOfPath(key), request);
      if (method === "PUT") return putKey(inItsSession(kv, request), keyOfPath(key), request);
      if (method === "DELETE") return deleteKey(inItsSession(kv, request), keyOfPath(key), request);
      throw wrongMethod("GET, PUT, DELETE");
    }
    const counter = /^\/v1\/incr\/(.*)$/s.exec(path)?.[1];
    if (counter !== undefined)
      return only(method, "POST", () => incrementKey(inItsSession(kv, request), keyOfPath(counter), request));
    switch (path) {
      case "/v1/kv":
        return only(method, "GET", () => rangeOfKeys(kv, request));
      case "/v1/batch":
        return only(method, "POST", () => runBatch(inItsSession(kv, request), request));
      case "/v1/sessions":
        return only(method, "POST", () => openSession(kv, request));
      case "/v1/status":
        return only(method, "GET", () => statusOf(groups, request));
      case "/v1/explain":
        return only(method, "GET", () => explanationOf(groups, request));
      case "/v1/hash":
        return only(method, "GET", () => hashOf(groups, request));
      case "/v1/groups":
        return only(method, "GET", () => listOf(groups, request));
      case `${ADMIN}backup`:
        return this.backups.run(request);
      case "/metrics":
        return only(method, "GET", () => this.metrics(request));
      case "/healthz":
        return only(method, "GET", () => health(groups));
      case "/readyz":
        return only(method, "GET", () => readiness(groups));
      default:
        if (path.startsWith(ADMIN))
          return only(method, "POST", () =>
            runAdmin((group) => this.deskOf(group), path.slice(ADMIN.length), request, who),
          );
        throw new HttpProblem(
          404,
          "NoSuchRoute",
          `There is nothing at ${path}; try /v1/kv/<key>, /v1/kv, /v1/batch, /v1/incr/<key>, /v1/sessions, /v1/status, /v1/explain, /v1/hash, /v1/groups, /v1/admin/<verb>, /v1/admin/backup, /metrics, /healthz, /readyz.`,
        );
    }
  }

  private deskOf(group: string | undefined): Pick<AdminDesk, "ask"> {
    return group === undefined ? this.context.admin : this.context.groups.named(group).admin;
  }

  private async metrics(request: HttpRequest): Promise<HttpReply> {
    onlyParameters(request.query);
    return { status: 200, ...(await this.context.scrape()) };
  }
}

function only(
  method: string,
  allowed: "GET" | "POST",
  run: () => Promise<HttpReply> | HttpReply,
): Promise<HttpReply> | HttpReply {
  if (method === allowed || (allowed === "GET" && method === "HEAD")) return run();
  throw wrongMethod(allowed);
}

const wrongMethod = (allowed: string) =>
  new HttpProblem(405, "WrongMethod", `This is for ${allowed}.`, {}, { allow: allowed });
