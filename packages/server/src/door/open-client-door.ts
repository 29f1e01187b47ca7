import type { ServiceCodec } from "@hexraft/client";
import { DEFAULT_OPTIONS, type Node } from "@hexraft/core";
import { type Logger, RaftError } from "@hexraft/core/ports";
import { formatInside, SessionCommand, type SessionOpened, type SessionRefused } from "@hexraft/sessions";
import { readAccess } from "../access/access-file.js";
import { AdminDesk } from "../admin/admin-desk.js";
import { Groups } from "../groups/groups.js";
import { makeLogger } from "../log/log.js";
import { formatAddress, parseAddress } from "../serve/address.js";
import { badField } from "../serve/bad-field.js";
import { type DoorBounds, resolveDoorBounds } from "../serve/door-bounds.js";
import { checkDoor, type DoorSafety, resolveDoorSafety } from "../serve/door-safety.js";
import { DoorTls } from "../serve/door-tls.js";
import { Renewals } from "../serve/renewals.js";
import { ClientDoor } from "./client-door.js";
import { doorCodecOf } from "./door-codec.js";
import { DEFAULT_DOOR_LIMITS } from "./door-limits.js";
import { type DoorNode, type DoorService, doorServiceOf, hasSessions } from "./door-service.js";

/** Options of {@link openClientDoor}: those of `hexraft serve` for its client door, under the same names. */
export interface ClientDoorOptions extends Partial<DoorSafety> {
  /** Where it listens, `host:port`, or a port of this machine; 0 lets the host choose. */
  readonly listen: string | number;
  /** File that says who may come in, with which role; absent: nobody is asked. */
  readonly access?: string;
  /** What one client may cost. */
  readonly doors?: Partial<Omit<DoorBounds, "backupsMax">>;
  /** The node's, ms: a peer that was silent for longer is told to operators as not alive. Default: that of nodes. */
  readonly electionTimeoutMs?: number;
  /** Hears what operators ask, and what is renewed. Default: nobody. */
  readonly logger?: Logger;
}

/** A client door that is open. */
export interface OpenClientDoor {
  /** Where it listens, `host:port`. */
  readonly address: string;
  /** Closes it: requests under way may go unanswered. Before the node is stopped. Idempotent. */
  close(): Promise<void>;
}

const FIELDS = new Set([
  "listen",
  "access",
  "openDoors",
  "doorTls",
  "plaintextDoors",
  "renewIntervalMs",
  "doors",
  "electionTimeoutMs",
  "logger",
]);

/**
 * Lets clients in to a node of one's own: `ServiceClient` with the same codec, and `ClusterAdmin`. Open one in front of every node of the
 * group; none forwards, each names the leader (C01). Where the state machine has `sessions(…)` around it, commands are done once (C03);
 * where not, clients are told so, and what may have been done is never sent twice (C05). That is known by the format that `describe()` tells,
 * so a state machine's own `formatVersion` is below 65,536.
 *
 * Beyond this machine it opens only with `access` and `doorTls`, or if it is told to do without. Nobody is asked who he is without `access`.
 *
 * @param node - started.
 * @param codec - the state machine's, and that of its queries. Whatever it throws is told to the client who asked.
 * @throws RaftError `BadOption` (O05), `AddressInUse`, `NotStarted`.
 *
 * @example
 * ```ts
 * const door = await openClientDoor(node, ledgerCodec, { listen: 7101 });
 * console.log(door.address);
 * await door.close();
 * ```
 */
export async function openClientDoor<Command, Result, Query, Answer>(
  node: Node<
    NoInfer<Command> | SessionCommand,
    NoInfer<Result> | SessionOpened | SessionRefused,
    NoInfer<Query>,
    NoInfer<Answer>
  >,
  codec: ServiceCodec<Command, Result, Query, Answer>,
  options: ClientDoorOptions,
): Promise<OpenClientDoor> {
  for (const [field, value] of Object.entries(options))
    if (!FIELDS.has(field))
      throw badField(field, value, `is not an option of a client door; known are ${[...FIELDS].join(", ")}`);
  const {
    electionTimeoutMs = DEFAULT_OPTIONS.electionTimeoutMs,
    logger = makeLogger("silent", node.id, process.stdout),
  } = options;
  if (!(electionTimeoutMs > 0)) throw badField("electionTimeoutMs", electionTimeoutMs, "must be a number above 0 ms");
  const at = parseAddress("listen", options.listen);
  const safety = resolveDoorSafety({ ...options, doorTls: { ...options.doorTls } });
  const limits = { ...DEFAULT_DOOR_LIMITS, ...resolveDoorBounds({ ...options.doors }) };
  const access = readAccess(safety.access, undefined);
  checkDoor("listen", at, safety, access, logger);
  const { identity } = node.describe();
  const groups = new Groups([{ id: identity.groupId, describe: () => node.describe() }]);
  const desk = new AdminDesk(node, electionTimeoutMs, logger, () => groups.list());
  const served = doorServiceOf(node as DoorNode<Command, Result, Query, Answer>, identity.groupId, desk);
  const service = hasSessions(node.describe()) ? served : withoutSessions(served);
  const serviceOf = (group: string | undefined) => {
    groups.named(group);
    return service;
  };
  const tls = safety.doorTls && new DoorTls(safety.doorTls, logger);
  const door = new ClientDoor(
    serviceOf,
    doorCodecOf(codec, () => formatInside(node.openFormat)),
    limits,
    access,
    tls,
  );
  const address = formatAddress(await door.start(at));
  const renewals = new Renewals({ access, accessFile: safety.access, tls }, logger, safety.renewIntervalMs);
  return {
    address,
    close: () => {
      renewals.stop();
      return door.stop();
    },
  };
}

/** The state machine would not know what sessions say, and who says it anyway was not told that there are any. */
const withoutSessions = <Command, Result, Query, Answer>(
  service: DoorService<Command, Result, Query, Answer>,
): DoorService<Command, Result, Query, Answer> => ({
  ...service,
  apply: (command, done) => {
    if (!(command instanceof SessionCommand)) return service.apply(command, done);
    const why =
      "Nothing was done: this service has no sessions; send the command without one, or put sessions() around it.";
    setImmediate(() => done(new RaftError("BadCommand", "refused", why)));
  },
});
