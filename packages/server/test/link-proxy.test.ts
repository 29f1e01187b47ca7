import { createServer, type Server, type Socket } from "node:net";
import { packArray } from "@hexraft/transport-tcp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LinkProxy } from "../src/demo/link-proxy.js";
import { RawClient } from "./support/raw-client.js";
import { portOf } from "./support/serve-process.js";

let proxy: LinkProxy;
let node: Server;
const cut = new Set<string>();
const clients: RawClient[] = [];
const sockets = new Set<Socket>();

/** A first frame as `from` sends it. */
function hello(from: string): string {
  const envelope = packArray(["hexraft", 1, 1, 0, "", from, "0".repeat(16), 1, "n2", [], []]);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(12 + envelope.length, 0);
  head.writeUInt32LE(envelope.length, 12);
  return Buffer.concat([head, envelope]).toString("latin1");
}

async function dial(): Promise<RawClient> {
  const client = await RawClient.to(portOf(proxy.address));
  clients.push(client);
  return client;
}

beforeEach(async () => {
  cut.clear();
  node = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  proxy = new LinkProxy((from) => !cut.has(from));
  await proxy.start();
  const address = node.address();
  proxy.leadsTo(typeof address === "object" ? (address?.port ?? 0) : 0);
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.stop();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => node.close(resolve));
});

describe("LinkProxy", () => {
  it("passes on everything, the hello included, however it is cut", async () => {
    const client = await dial();
    const said = `${hello("n1")}and more`;
    for (const char of said) client.say(char);
    expect(await client.until((heard) => heard.length >= said.length)).toBe(said);
  });

  it("cuts the links of one node, and lets it in again when it may", async () => {
    const [first, second] = [await dial(), await dial()];
    first.say(hello("n1"));
    second.say(hello("n3"));
    await first.until((heard) => heard !== "");
    await second.until((heard) => heard !== "");
    cut.add("n1");
    proxy.enforce();
    await first.end();
    expect(second.closed).toBe(false);
    const refused = await dial();
    refused.say(hello("n1"));
    expect(await refused.end()).toBe("");
    cut.clear();
    const back = await dial();
    back.say(hello("n1"));
    expect(await back.until((heard) => heard !== "")).toBe(hello("n1"));
  });

  it("lets nobody in who does not say who it is", async () => {
    for (const garbage of ["x".repeat(64), "\xff".repeat(64), `${"\0".repeat(12)}\x01\0\0\0\xc0`]) {
      const client = await dial();
      client.say(garbage);
      expect(await client.end()).toBe("");
    }
  });
});
