import { expect, it } from "vitest";
import type { Host } from "../../src/host.js";
import type { Connection } from "../../src/link/connection.js";
import { Inbound } from "../../src/link/inbound.js";
import { FrameType } from "../../src/wire/frame.js";
import { helloTo } from "../support/raw-peer.js";

it("T05 T07 a peer that asks and does not read is not answered until it does, so that its answers fill no memory", () => {
  const said: FrameType[] = [];
  const connection = { isBlocked: true, say: (type: FrameType) => said.push(type) };
  const host = { options: { queueMessagesMax: 8, queueBytesMax: 65_536 } } as unknown as Host;
  const events = { onMessage: () => {}, onClosed: () => {} };
  const inbound = new Inbound(host, connection as unknown as Connection, helloTo("n1", "n2"), events);
  const nothing = new Uint8Array(0);
  const ping = { type: FrameType.ping, envelope: nothing, fields: [], tail: nothing };
  for (let i = 0; i < 1_000; i++) inbound.onFrame(ping);
  expect(said).toEqual([]);
  connection.isBlocked = false;
  inbound.onFrame(ping);
  expect(said).toEqual([FrameType.pong]);
});
