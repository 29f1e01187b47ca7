import { layOutAdmin, readAdmin } from "../../../packages/client/src/admin-request.js";
import {
  checkHello,
  FrameKind,
  layOutHello,
  REQUEST_FRAME_BYTES_MAX,
} from "../../../packages/client/src/door-frames.js";
import { eachRecord, layOutRecords, RequestKind } from "../../../packages/client/src/door-records.js";
import type { MemberChange } from "../../../packages/core/src/index.js";
import { RaftError } from "../../../packages/core/src/ports.js";
import { Asked } from "../../../packages/server/src/admin/asked.js";
import { checkInSession, InSession, OpenSession, SessionCodec } from "../../../packages/sessions/src/index.js";
import * as kv from "../../../packages/statemachine-kv/src/index.js";
import { Framer } from "../../../packages/transport-tcp/src/wire/framer.js";
import type { Target } from "../target.js";

const codec = new kv.KvCodec();
const inSessions = new SessionCodec(codec);
const COMMANDS = [
  kv.put("k", "v", { ttlMs: 5, condition: "absent", returnPrevious: true }),
  kv.del("k"),
  kv.increment("n", 5),
  kv.compareAndSet("k", "v", "w"),
  kv.batch(kv.put("a", "1"), kv.del("b")),
];
const QUERIES = [kv.get("k"), kv.getMany("a", "b"), kv.exists("k"), kv.range({ start: "a", limit: 3, reverse: true })];

const CHANGES: readonly MemberChange[] = [
  { kind: "addPeers", nodes: [{ id: "n4", address: "h:4", priority: 0 }] },
  { kind: "removePeers", ids: ["n1", "n2"] },
];

/** A stream of bytes that somebody sends to the port of clients, and the commands and queries in it. */
export const door: Target = {
  name: "door",
  seeds: () => [
    new Uint8Array(layOutHello()),
    ...COMMANDS.map((command) => requestOf(RequestKind.command, codec.encodeCommand(command))),
    ...COMMANDS.map((command, i) =>
      requestOf(RequestKind.sessionCommand, inSessions.encodeCommand(new InSession(2, i + 3, i + 1, command))),
    ),
    requestOf(RequestKind.openSession, new Uint8Array(16)),
    ...CHANGES.map((change) =>
      requestOf(RequestKind.adminChange, layOutAdmin("change-members", { change, expectedIndex: 7 })),
    ),
    requestOf(RequestKind.adminChange, layOutAdmin("transfer-leadership", { to: "n2" })),
    requestOf(RequestKind.adminQuestion, layOutAdmin("members", {})),
    ...QUERIES.map((query) => requestOf(RequestKind.linearizableRead, codec.encodeQuery(query))),
  ],
  run(input) {
    const kinds: string[] = [];
    try {
      for (const frame of new Framer(REQUEST_FRAME_BYTES_MAX).push(input)) {
        if (frame[0] === FrameKind.hello) {
          checkHello(frame);
          kinds.push("client hello");
        } else eachRecord(frame, (_, kind, bytes) => kinds.push(read(kind, bytes)));
      }
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
    }
    return kinds;
  },
};

function requestOf(kind: RequestKind, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(layOutRecords(FrameKind.requests, [{ number: 1, kind, bytes }]));
}

/** Each request is refused by itself; the others of its frame go on. */
function read(kind: number, bytes: Uint8Array): string {
  try {
    if (kind === RequestKind.openSession) return new OpenSession(bytes).type;
    if (kind === RequestKind.sessionCommand) {
      inSessions.decodeCommand(checkInSession(bytes, (command) => void codec.checkCommand(command)).bytes);
      return "command in a session";
    }
    if (kind === RequestKind.adminChange || kind === RequestKind.adminQuestion) {
      const asked = new Asked(readAdmin(bytes)).only("change", "expectedIndex", "to");
      asked.id("to");
      asked.index("expectedIndex");
      return `operator's ${asked.change("change").kind}`;
    }
    if (kind !== RequestKind.command) return `query ${codec.decodeQuery(bytes).type}`;
    const command = codec.decodeCommand(bytes);
    codec.encodeCommand(command);
    return `command ${command.type}`;
  } catch (error) {
    if (error instanceof RaftError) return "refused request";
    throw error;
  }
}
