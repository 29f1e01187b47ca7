import { type BackupOptions, createNode, DEFAULT_OPTIONS } from "@hexraft/core";
import { Logger, RaftError } from "@hexraft/core/ports";
import { jointMembership } from "@hexraft/membership";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type SessionOpened, sessions } from "@hexraft/sessions";
import { type KvAnswer, type KvQuery, type KvResult, kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { ContainerModule } from "inversify";
import type { Access } from "../access/access.js";
import { ACCESS_VARIABLE, readAccess } from "../access/access-file.js";
import { AdminDesk } from "../admin/admin-desk.js";
import { ClientDoor } from "../door/client-door.js";
import { DEFAULT_DOOR_LIMITS } from "../door/door-limits.js";
import { doorServiceOf } from "../door/door-service.js";
import { DEFAULT_HTTP_LIMITS, HttpFront } from "../http/http-server.js";
import { type KvNode, type KvNodeCommand, NodeKvService } from "../kv/node-kv-service.js";
import { NodeMetrics } from "../metrics/node-metrics.js";
import type { ServerFacts } from "../resp/command-spec.js";
import { DEFAULT_RESP_SERVER_LIMITS, RespServer } from "../resp/resp-server.js";
import { VERSION } from "../version.js";
import { formatAddress, type HostPort, isLoopback } from "./address.js";
import { badField } from "./bad-field.js";
import { DoorTls } from "./door-tls.js";
import { foundCluster } from "./found-cluster.js";
import type { Front } from "./front.js";
import { peerTransportOf } from "./peer-transport.js";
import { Renewals } from "./renewals.js";
import type { ServeOptions } from "./serve-options.js";

/** Where each part listens; what was not asked for is absent. */
export interface Listening {
  readonly peer: string;
  readonly client?: string;
  readonly http?: string;
  readonly resp?: string;
}

/** A node that serves. */
export interface RunningServer {
  readonly node: KvNode;
  readonly listening: Listening;
  /** Resolves with what this node died of, as an error: its group has halted (L04, E17), or it could not be founded. */
  readonly died: Promise<Error>;
  /** Looks at the access file and the doors' certificate now. */
  renew(): Promise<void>;
  /** O04: fronts first, then the node, which hands leadership over. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Composes one node from the adapters, starts it, and opens the fronts that were asked for.
 *
 * @throws RaftError `BadOption`, `AddressInUse`, `DirectoryLocked`, `IdentityMismatch`, `FormatUnknown`, `Damaged`; nothing
 * is left running then.
 */
export async function startServer(options: ServeOptions, logger: Logger): Promise<RunningServer> {
  const { nodeId, groupId, dataDirectory, raft, doors } = options;
  const access = readAccess(options.access, process.env[ACCESS_VARIABLE]);
  checkDoors(options, access, logger);
  const doorTls = options.doorTls === undefined ? undefined : new DoorTls(options.doorTls, logger);
  const node: KvNode = await createNode<KvNodeCommand, KvResult | SessionOpened, KvQuery, KvAnswer>(
    { ...raft, nodeId, groupId },
    [
      nodeRuntime(),
      tcpTransport(peerTransportOf(options)),
      fileStorage({ directory: dataDirectory, groupId }),
      sessions(kvStateMachine(), options.sessions),
      jointMembership(),
      new ContainerModule(({ bind }) => void bind(Logger).toConstantValue(logger)),
    ],
  );
  const metrics = new NodeMetrics(node, groupId);
  const fronts: Front[] = [];
  const founding = new AbortController();
  let founded: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  const renewable = { access, accessFile: options.access, tls: doorTls };
  const renewals = new Renewals(renewable, logger, options.renewIntervalMs);
  const stop = async () => {
    founding.abort();
    renewals.stop();
    await Promise.all(fronts.map((front) => front.stop()));
    await node.stop();
    metrics.close();
    await founded;
  };
  try {
    await node.start();
    const open = async (at: HostPort | undefined, front: Front) => {
      if (at === undefined) return undefined;
      const listensAt = await front.start(at);
      fronts.push(front);
      return formatAddress(listensAt);
    };
    const kv = new NodeKvService(node, options.requestTimeoutMs);
    const admin = new AdminDesk(node, raft.electionTimeoutMs ?? DEFAULT_OPTIONS.electionTimeoutMs, logger);
    const client = await open(
      options.client,
      new ClientDoor(doorServiceOf(node, admin), { ...DEFAULT_DOOR_LIMITS, ...doors }, access, doorTls),
    );
    const context = {
      kv,
      admin,
      describe: () => node.describe(),
      explain: () => node.explain(),
      scrape: () => metrics.scrape(),
      stateHash: () => node.stateHash(),
      backup: (asked: BackupOptions) => node.backup(asked),
    };
    const http = await open(
      options.http,
      new HttpFront(context, { ...DEFAULT_HTTP_LIMITS, ...doors }, access, doorTls),
    );
    const respLimits = { ...DEFAULT_RESP_SERVER_LIMITS, ...doors, commandBytesMax: doors.requestBytesMax };
    const facts = factsOf(node, options.resp?.port ?? 0);
    const resp = await open(options.resp, new RespServer({ kv, info: facts }, respLimits, access, doorTls));
    let notFounded: (error: Error) => void = () => {};
    const died = new Promise<Error>((resolve) => {
      notFounded = resolve;
      void node.halted.then((reason) =>
        resolve(new RaftError("Halted", "refused", `${nodeId} has stopped in place: ${reason}`)),
      );
    });
    // A node that is stopped meanwhile founds nothing, and that is what was wanted.
    founded = foundCluster(node, options.bootstrap, logger, founding.signal).catch((error: unknown) => {
      if (!founding.signal.aborted) notFounded(error as Error);
    });
    const listening = {
      peer: node.describe().address,
      ...(client !== undefined && { client }),
      ...(http !== undefined && { http }),
      ...(resp !== undefined && { resp }),
    };
    return { node, listening, died, renew: () => renewals.look(), stop: () => (stopping ??= stop()) };
  } catch (error) {
    await stop();
    throw error instanceof RaftError
      ? error
      : new RaftError("Halted", "refused", `${nodeId} cannot start: ${String(error)}`);
  }
}

const DOORS = ["client", "http", "resp"] as const;

/** What the network reaches is not open to everybody by mistake. @throws RaftError `BadOption` */
function checkDoors(options: ServeOptions, access: Access, logger: Logger): void {
  for (const field of DOORS) {
    const at = options[field];
    if (at === undefined || isLoopback(at)) continue;
    const only = (unless: string) =>
      badField(field, formatAddress(at), `must be an address of this machine only, unless ${unless}`);
    if (!access.hasUsers && !options.openDoors)
      throw only("access says who may come in, or openDoors lets everybody in");
    if (options.doorTls !== undefined) continue;
    if (!options.plaintextDoors) throw only("doorTls encrypts what passes, or plaintextDoors does without");
    if (access.hasUsers) logger.warn("passwords cross the network as they are", { [field]: formatAddress(at) });
  }
}

function factsOf(node: KvNode, port: number): () => ServerFacts {
  return () => {
    const { role, term, leader, commitIndex, appliedIndex } = node.describe();
    return {
      version: VERSION,
      nodeId: node.id,
      role,
      term,
      leader: leader ?? "",
      commitIndex,
      appliedIndex,
      port,
      uptimeSeconds: Math.floor(process.uptime()),
    };
  };
}
