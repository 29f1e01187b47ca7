import { closeSync, fdatasync, fsyncSync, mkdirSync, openSync, writeSync, writevSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { frame, frames } from "./frames.js";

/*
 * A limit, not a Raft: the durable data path of three processes and nothing else. A leader gathers a turn's puts into one
 * blob, writes it to an already-written file with one fdatasync under way, sends it to two followers that do the same,
 * and answers when two of three have it. No terms, votes, matching, segments, recovery, sessions or bounds.
 *
 * Arguments: leader | follower, directory, follower ports.
 */
const FILE_BYTES = 64 * 2 ** 20;
const WINDOW = 4;
const [role, directory, ...ports] = process.argv.slice(2) as [string, string, ...string[]];

mkdirSync(directory, { recursive: true });
const file = openSync(join(directory, "log"), "w+");
const zeros = Buffer.alloc(2 ** 20);
for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
fsyncSync(file);

const store = new Map<string, Uint8Array>();
let position = 0;
let waiting: Buffer[] = [];
let waitingLast = 0;
let syncing = false;
let onDurable: (last: number) => void = () => {};

function append(blob: Buffer, last: number): void {
  waiting.push(blob);
  waitingLast = last;
  flush();
}

function flush(): void {
  if (syncing || waiting.length === 0) return;
  syncing = true;
  const blobs = waiting;
  const last = waitingLast;
  waiting = [];
  const bytes = blobs.reduce((sum, blob) => sum + blob.length, 0);
  if (position + bytes > FILE_BYTES) position = 0;
  writevSync(file, blobs, position);
  position += bytes;
  fdatasync(file, (error) => {
    if (error !== null) throw error;
    syncing = false;
    onDurable(last);
    flush();
  });
}

/** A blob is `u32 checksum | u32 length`, then `u32 length | key (8) | value` for each put. */
function apply(blob: Buffer, count: number): void {
  let at = 8;
  for (let i = 0; i < count; i++) {
    const length = blob.readUInt32LE(at);
    store.set(blob.toString("latin1", at + 4, at + 12), blob.subarray(at + 12, at + 4 + length));
    at += 4 + length;
  }
}

function follow(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    const pending: { last: number; count: number; blob: Buffer }[] = [];
    frames(socket, (message) => {
      const [first, count, commit, bytes] = message as [number, number, number, Uint8Array];
      const blob = Buffer.from(bytes);
      if (crc32(blob.subarray(8)) !== blob.readUInt32LE(0)) throw new Error("checksum");
      pending.push({ last: first + count - 1, count, blob });
      append(blob, first + count - 1);
      while (pending[0] !== undefined && pending[0].last <= commit) {
        apply(pending[0].blob, pending[0].count);
        pending.shift();
      }
    });
    onDurable = (last) => socket.write(frame([last]));
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { port: number }).port));
}

function lead(): void {
  type Put = readonly [client: Socket, id: number, key: string, value: Uint8Array];
  const match = [0, 0, 0];
  const flights: { last: number; puts: Put[]; blob: Buffer }[] = [];
  let batch: Put[] = [];
  let scheduled = false;
  let last = 0;
  let commit = 0;
  const followers = ports.map((port) => connect({ port: Number(port), host: "127.0.0.1", noDelay: true }));
  for (const [i, socket] of followers.entries())
    frames(socket, (message) => {
      match[i + 1] = (message as [number])[0];
      advance();
    });
  onDurable = (durable) => {
    match[0] = durable;
    advance();
  };
  const seal = (): void => {
    scheduled = false;
    if (batch.length === 0 || flights.length >= WINDOW) return;
    const puts = batch;
    batch = [];
    const blob = Buffer.allocUnsafe(puts.reduce((sum, put) => sum + 12 + put[3].length, 8));
    let at = 8;
    for (const [, , key, value] of puts) {
      blob.writeUInt32LE(8 + value.length, at);
      blob.write(key, at + 4, "latin1");
      blob.set(value, at + 12);
      at += 12 + value.length;
    }
    blob.writeUInt32LE(blob.length, 4);
    blob.writeUInt32LE(crc32(blob.subarray(8)), 0);
    const first = last + 1;
    last += puts.length;
    flights.push({ last, puts, blob });
    const bytes = frame([first, puts.length, commit, blob]);
    for (const socket of followers) socket.write(bytes);
    append(blob, last);
  };
  const advance = (): void => {
    const reached = match.toSorted((a, b) => a - b)[1] as number;
    if (reached <= commit) return;
    commit = reached;
    const answers = new Map<Socket, number[]>();
    while (flights[0] !== undefined && flights[0].last <= commit) {
      const { puts, blob } = flights.shift() as (typeof flights)[0];
      apply(blob, puts.length);
      for (const [client, id] of puts) {
        const ids = answers.get(client);
        if (ids === undefined) answers.set(client, [id]);
        else ids.push(id);
      }
    }
    for (const [client, ids] of answers) client.write(frame(ids));
    if (batch.length > 0 && !scheduled) {
      scheduled = true;
      setImmediate(seal);
    }
  };
  const server = createServer({ noDelay: true }, (client) => {
    frames(client, (message) => {
      const [id, key, value] = message as [number, string, Uint8Array];
      batch.push([client, id, key, value]);
      if (scheduled) return;
      scheduled = true;
      setImmediate(seal);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { port: number }).port));
}

if (role === "leader") lead();
else follow();
// The parent's end is ours.
process.once("disconnect", () => {
  closeSync(file);
  process.exit(0);
});
