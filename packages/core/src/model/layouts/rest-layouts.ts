import { FieldReader } from "../field-reader.js";
import type { Heartbeat, HeartbeatResponse, JoinedHeartbeat, WokenGroup } from "../message.js";
import { JOINED_MAX, WOKEN_NAMED_MAX } from "../messages/rest.js";
import { isName } from "../node-id.js";
import type { Layout, Layouts } from "./layout.js";
import { REPLICATION_LAYOUTS } from "./replication-layouts.js";

/** Groups at rest, and heartbeats that share a message. */
export const REST_LAYOUTS: Layouts<"RestOffer" | "RestAnswer" | "ProcessBeat" | "JoinedHeartbeats"> = {
  RestOffer: {
    code: 19,
    since: 2,
    write: ({ term, commit, round, version }) => [term, commit, round, version],
    read: (fields) => ({
      type: "RestOffer",
      term: fields.term(),
      commit: fields.index("commit"),
      round: fields.count("round"),
      version: fields.count("version"),
    }),
  },
  RestAnswer: {
    code: 20,
    since: 2,
    write: ({ term, round, rests }) => [term, round, rests],
    read: (fields) => ({
      type: "RestAnswer",
      term: fields.term(),
      round: fields.count("round"),
      rests: fields.flag("rests"),
    }),
  },
  ProcessBeat: {
    code: 21,
    since: 2,
    write: ({ version, since, woken, held, heldStart }) => [
      version,
      since,
      held,
      heldStart,
      woken === null,
      wokenText(woken ?? []),
    ],
    read: (fields) => {
      const head = { version: fields.count("version"), since: fields.count("since") };
      const held = { held: fields.count("held"), heldStart: fields.count("held start") };
      const isUntold = fields.flag("woken untold");
      const rule = `must be at most ${WOKEN_NAMED_MAX} names, each with a version`;
      const woken = wokenIn(fields.text("woken groups", (list) => wokenIn(list).every(isWoken), rule));
      return { type: "ProcessBeat", ...head, ...held, woken: isUntold ? null : woken };
    },
  },
  JoinedHeartbeats: {
    code: 22,
    since: 2,
    write: ({ heartbeats }) => [heartbeats.length, ...heartbeats.map(writeJoined)],
    read: (fields) => ({
      type: "JoinedHeartbeats",
      heartbeats: Array.from({ length: fields.whole("heartbeats", 1, JOINED_MAX) }, () =>
        readJoined(new FieldReader(fields.nested("heartbeat"), "a joined heartbeat")),
      ),
    }),
  },
};

const JOINED_TYPES = ["Heartbeat", "HeartbeatResponse"] as const;

function writeJoined({ group, fromIncarnation, recoveryNumber, toIncarnation, message }: JoinedHeartbeat): unknown[] {
  const { write } = REPLICATION_LAYOUTS[message.type] as Layout<Heartbeat | HeartbeatResponse>;
  const type = JOINED_TYPES.indexOf(message.type);
  return [group, fromIncarnation, recoveryNumber, toIncarnation, type, ...write(message)];
}

function readJoined(fields: FieldReader): JoinedHeartbeat {
  const heartbeat = {
    group: fields.name("group"),
    fromIncarnation: fields.incarnation("sender's incarnation"),
    recoveryNumber: fields.count("recovery number"),
    toIncarnation: fields.incarnation("receiver's incarnation"),
    message: REPLICATION_LAYOUTS[fields.oneOf("type", JOINED_TYPES)].read(fields, []),
  };
  fields.end();
  return heartbeat;
}

/** As text, `name/version` with commas between: an array in an array in an array is as deep as a frame goes. */
const wokenText = (woken: readonly WokenGroup[]): string =>
  woken.map(({ group, version }) => `${group}/${version}`).join(",");

function wokenIn(list: string): readonly WokenGroup[] {
  if (list === "") return [];
  return list.split(",", WOKEN_NAMED_MAX + 1).map((text) => {
    const [group = "", version = ""] = text.split("/", 2);
    return { group, version: /^[0-9]{1,16}$/.test(version) ? Number(version) : -1 };
  });
}

const isWoken = ({ group, version }: WokenGroup, at: number): boolean =>
  isName(group) && Number.isSafeInteger(version) && version >= 0 && at < WOKEN_NAMED_MAX;
