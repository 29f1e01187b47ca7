import { DEFAULT_OPTIONS, type GroupId } from "@hexraft/core";
import { type Logger, RaftError } from "@hexraft/core/ports";
import { KvCodec } from "@hexraft/statemachine-kv";
import { ACCESS_VARIABLE, readAccess } from "../access/access-file.js";
import { ClientDoor } from "../door/client-door.js";
import { DEFAULT_DOOR_LIMITS } from "../door/door-limits.js";
import { serveGroups } from "../groups/serve-groups.js";
import { DEFAULT_HTTP_LIMITS, HttpFront } from "../http/http-server.js";
import type { KvNode } from "../kv/node-kv-service.js";
import { NodeMetrics } from "../metrics/node-metrics.js";
import { DEFAULT_RESP_SERVER_LIMITS, RespServer } from "../resp/resp-server.js";
import { formatAddress, type HostPort } from "./address.js";
import { checkDoor } from "./door-safety.js";
import { DoorTls } from "./door-tls.js";
import { foundCluster } from "./found-cluster.js";
import type { Front } from "./front.js";
import { type Hosting, host } from "./hosting.js";
import { Renewals } from "./renewals.js";
import type { ServeOptions } from "./serve-options.js";

/** Where each part listens; what was not asked for is absent. */
export interface Listening {
  readonly peer: string;
  readonly client?: string;
  readonly http?: string;
  readonly resp?: string;
}

/** A process that serves. */
export interface RunningServer {
  /** Its node in each of its groups; at least one. */
  readonly nodes: ReadonlyMap<GroupId, KvNode>;
  readonly listening: Listening;
  /** Resolves with what it died of, as an error: all its groups have halted (L04, E17), or one could not be founded. */
  readonly died: Promise<Error>;
  /** Looks at the access file and the doors' certificate now. */
  renew(): Promise<void>;
  /** O04: fronts first, then the nodes, which hand leadership over. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Composes the nodes from the adapters, starts them, and opens the fronts that were asked for.
 *
 * @throws RaftError `BadOption`, `AddressInUse`, `DirectoryLocked`, `IdentityMismatch`, `FormatUnknown`, `Damaged`; nothing
 * is left running then.
 */
export async function startServer(options: ServeOptions, logger: Logger): Promise<RunningServer> {
  const { nodeId, raft, doors } = options;
  const access = readAccess(options.access, process.env[ACCESS_VARIABLE]);
  for (const field of ["client", "http", "resp"] as const) {
    const at = options[field];
    if (at !== undefined) checkDoor(field, at, options, access, logger);
  }
  const doorTls = options.doorTls === undefined ? undefined : new DoorTls(options.doorTls, logger);
  const hosting = await host(options, logger).catch((error: unknown) => {
    throw cannotStart(nodeId, error);
  });
  const { nodes } = hosting;
  const metrics = new NodeMetrics(nodeId, nodes, [...hosting.damaged.keys()]);
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
    await hosting.stop();
    metrics.close();
    await founded;
  };
  try {
    const open = async (at: HostPort | undefined, front: Front) => {
      if (at === undefined) return undefined;
      const listensAt = await front.start(at);
      fronts.push(front);
      return formatAddress(listensAt);
    };
    const { ranges, requestTimeoutMs } = options;
    const electionTimeoutMs = raft.electionTimeoutMs ?? DEFAULT_OPTIONS.electionTimeoutMs;
    const { groups, kv, admin, doorOf, facts } = serveGroups(
      hosting,
      { nodeId, ranges, requestTimeoutMs, electionTimeoutMs },
      logger,
    );
    const client = await open(
      options.client,
      new ClientDoor(doorOf, new KvCodec(), { ...DEFAULT_DOOR_LIMITS, ...doors }, access, doorTls),
    );
    const context = { kv, groups, admin, scrape: () => metrics.scrape() };
    const http = await open(
      options.http,
      new HttpFront(context, { ...DEFAULT_HTTP_LIMITS, ...doors }, access, doorTls),
    );
    const respLimits = { ...DEFAULT_RESP_SERVER_LIMITS, ...doors, commandBytesMax: doors.requestBytesMax };
    const info = () => ({ ...facts(), nodeId, port: options.resp?.port ?? 0 });
    const resp = await open(options.resp, new RespServer({ kv, info }, respLimits, access, doorTls));
    let notFounded: (error: Error) => void = () => {};
    const died = new Promise<Error>((resolve) => {
      notFounded = resolve;
      void allHalted(nodes, logger).then((reason) =>
        resolve(new RaftError("Halted", "refused", `${nodeId} has stopped in place: ${reason}`)),
      );
    });
    // A node that is stopped meanwhile founds nothing, and that is what was wanted.
    founded = foundAll(hosting, options, logger, founding.signal).catch((error: unknown) => {
      if (!founding.signal.aborted) notFounded(error as Error);
    });
    const [anyNode] = nodes.values();
    const listening = {
      peer: (anyNode as KvNode).describe().address,
      ...(client !== undefined && { client }),
      ...(http !== undefined && { http }),
      ...(resp !== undefined && { resp }),
    };
    return { nodes, listening, died, renew: () => renewals.look(), stop: () => (stopping ??= stop()) };
  } catch (error) {
    await stop();
    throw cannotStart(nodeId, error);
  }
}

/** Waits until no group serves any more; resolves with why. As long as one does the process goes on (G03). */
async function allHalted(nodes: Hosting["nodes"], logger: Logger): Promise<string> {
  const [only, ...more] = nodes.values();
  if (only !== undefined && more.length === 0) return only.halted;
  let serving = nodes.size;
  // What befalls the disk befalls many of them.
  const befell = new Map<string, GroupId[]>();
  const ends = Array.from(nodes, async ([group, { halted }]) => {
    const reason = await halted;
    serving--;
    befell.set(reason, [...(befell.get(reason) ?? []), group]);
    logger.error(`the group ${group} has stopped in place here`, { reason, serving });
  });
  await Promise.all(ends);
  return `no group serves any more: ${Array.from(befell, ([reason, groups]) => `${reason} (${groups.join(", ")})`).join("; ")}`;
}

const cannotStart = (nodeId: string, error: unknown): RaftError =>
  error instanceof RaftError ? error : new RaftError("Halted", "refused", `${nodeId} cannot start: ${String(error)}`);

async function foundAll(
  { nodes, isFounded }: Hosting,
  { bootstrap }: ServeOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (const [group, node] of nodes) await foundCluster({ node, group, isFounded }, bootstrap, logger, signal);
}
