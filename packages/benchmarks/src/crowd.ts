/**
 * `pnpm bench crowd`: a node's peer port with ten thousand connections that say nothing. How long a member's message and its answer
 * take meanwhile, and what each connection costs. Two crowds: one that does not even say who it is, against the bounds a node
 * has by itself; and one that was let in, with the bounds lifted.
 */
import "reflect-metadata";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { type Envelope, Transport } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { packArray, tcpTransport } from "@hexraft/transport-tcp";
import { Container } from "inversify";
import { readFlags } from "./lib/arguments.js";
import { endsWithUs } from "./lib/leavings.js";
import { conditions } from "./lib/report.js";
import type { CrowdAnswer, CrowdOrder } from "./load/crowd-node-process.js";

const CROWD = Number(readFlags("crowd", { connections: "10000" }).connections);
const CLUSTER = "c".repeat(32);
/** Messages and answers that are timed. */
const ROUND_TRIPS = 500;
/** Connections dialled at once. */
const WAVE = 200;

await measure("silent", false, { connectionsMax: 1_024, handshakesMax: 64 });
await measure("let in", true, { connectionsMax: CROWD + 16, handshakesMax: CROWD });

async function measure(
  crowd: string,
  isLetIn: boolean,
  bounds: { readonly connectionsMax: number; readonly handshakesMax: number },
): Promise<void> {
  const child = fork(fileURLToPath(new URL("load/crowd-node-process.js", import.meta.url)), [], {
    execArgv: ["--expose-gc"],
  });
  endsWithUs(child, "SIGKILL");
  const { address } = await tell(child, { type: "start", ...bounds });
  const member = await memberOf(address);
  await tell(child, { type: "know", address: member.transport.address });
  const before = await roundTrips(member);
  const empty = await tell(child, { type: "measure" });
  const beganMs = performance.now();
  const sockets = await gather(Number(address.split(":")[1]), isLetIn);
  const gatheredMs = performance.now() - beganMs;
  const during = await roundTrips(member);
  const full = await tell(child, { type: "measure" });
  const kept = full.connections - empty.connections;
  const figures = {
    crowd,
    dialled: CROWD,
    kept,
    turnedAway: full.turnedAway,
    gatheredMs: Math.round(gatheredMs),
    heapKbEach: kept === 0 ? 0 : round((full.heapBytes - empty.heapBytes) / kept / 1_024),
    heapMb: round((full.heapBytes - empty.heapBytes) / 1_048_576),
    rssMb: round((full.rssBytes - empty.rssBytes) / 1_048_576),
    p50BeforeMs: at(before, 0.5),
    p99BeforeMs: at(before, 0.99),
    p50Ms: at(during, 0.5),
    p99Ms: at(during, 0.99),
  };
  if (process.argv.includes("--json")) console.log(JSON.stringify({ bench: "crowd", ...conditions(), ...figures }));
  else
    console.log(
      Object.entries(figures)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(" "),
    );
  for (const socket of sockets) socket.destroy();
  await member.transport.stop();
  const gone = once(child, "exit");
  child.disconnect();
  await gone;
}

interface Member {
  readonly transport: Transport;
  heard: (envelope: Envelope) => void;
}

/** A member that knows the node, and is connected. */
async function memberOf(address: string): Promise<Member> {
  const container = new Container();
  container.load(nodeRuntime(), tcpTransport({ host: "127.0.0.1", port: 0 }));
  const member: Member = { transport: container.get<Transport>(Transport), heard: () => {} };
  const identity = { nodeId: "n2", clusterId: CLUSTER, directoryId: "2".repeat(16), startNumber: 1 };
  await member.transport.start({ ...identity, frameBytesMax: 16 * 1024 * 1024 });
  const isUp = new Promise<void>((resolve) => {
    member.transport.attach("main", {
      incarnation: "2".repeat(16),
      onMessage: (envelope) => member.heard(envelope),
      onPeerUp: () => resolve(),
      onPeerDown: () => {},
      onClaim: async () => {},
      onSnapshot: async () => {},
    });
  });
  member.transport.setPeers("main", [{ id: "n1", incarnation: "1".repeat(16), address }]);
  await isUp;
  return member;
}

/** How long a message and its answer take, ms, one after another. */
async function roundTrips(member: Member): Promise<number[]> {
  const times: number[] = [];
  const names = { group: "main", from: "n2", fromIncarnation: "2".repeat(16), to: "n1", toIncarnation: "1".repeat(16) };
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const beganMs = performance.now();
    const answered = new Promise<void>((resolve) => {
      member.heard = () => resolve();
    });
    const message = { type: "Heartbeat" as const, term: 1, commit: 0, round: trip };
    member.transport.send({ ...names, startNumber: 1, recoveryNumber: 0, message });
    member.transport.flush();
    await answered;
    times.push(performance.now() - beganMs);
  }
  return times.toSorted((a, b) => a - b);
}

/** Opens them all, in waves; those that are let in say hello and wait for the welcome. */
async function gather(port: number, isLetIn: boolean): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let first = 0; first < CROWD; first += WAVE) {
    const wave = Array.from({ length: Math.min(WAVE, CROWD - first) }, (_, i) => dial(port, first + i, isLetIn));
    sockets.push(...(await Promise.all(wave)));
  }
  return sockets;
}

async function dial(port: number, number: number, isLetIn: boolean): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  if (!isLetIn) return socket.resume();
  socket.write(helloOf(number));
  await once(socket, "data");
  return socket.resume();
}

/** The hello of docs/WIRE.md. */
function helloOf(number: number): Buffer {
  const directory = number.toString(16).padStart(16, "0");
  const meant = ["main", "1".repeat(16)];
  const envelope = packArray(["hexraft", 1, 1, 0, CLUSTER, `m${number}`, directory, 1, "n1", meant, []]);
  const frame = Buffer.alloc(16 + envelope.length);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame[8] = 1;
  frame[9] = 1;
  frame.writeUInt32LE(envelope.length, 12);
  frame.set(envelope, 16);
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
  return frame;
}

async function tell(child: ChildProcess, order: CrowdOrder): Promise<CrowdAnswer> {
  const answered = once(child, "message");
  child.send(order);
  const [answer] = (await answered) as [CrowdAnswer];
  return answer;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function at(sorted: readonly number[], part: number): number {
  return round(sorted[Math.floor(sorted.length * part)] ?? 0);
}
