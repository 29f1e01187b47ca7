import type { TransportReceiver } from "@hexraft/core/ports";
import { expect, it } from "vitest";
import { Groups } from "../src/groups.js";
import { newCounters, SILENT_LOGGER } from "../src/host.js";

it("T07 with ten thousand connections each that comes costs no look at all others, where the group knows its members", () => {
  const groups = new Groups(SILENT_LOGGER, newCounters());
  const ups: string[] = [];
  const receiver = { onPeerUp: (id: string) => ups.push(id), onPeerDown: () => {} } as unknown as TransportReceiver;
  groups.attach("main", receiver);
  groups.setBook("main", [{ id: "n2", incarnation: "0".repeat(16), address: "127.0.0.1:1" }]);
  const whoIsIn = () => {
    throw new Error("everybody was counted");
  };
  groups.tell(new Map([["n2", 1]]), whoIsIn, "");
  expect(ups).toEqual(["n2"]);
  groups.attach("new", receiver);
  groups.tell(new Map(), () => new Map([["n9", 1]]), "");
  expect(ups).toEqual(["n2", "n9"]);
});

it("G01 T08 what changes for one group of many is told to that one: none of the others is looked at", () => {
  const groups = new Groups(SILENT_LOGGER, newCounters());
  const ups: string[] = [];
  const receiverOf = (group: string) =>
    ({ onPeerUp: () => ups.push(group), onPeerDown: () => {} }) as unknown as TransportReceiver;
  for (const group of ["a", "b"]) {
    groups.attach(group, receiverOf(group));
    groups.setBook(group, [{ id: "n2", incarnation: "0".repeat(16), address: "127.0.0.1:1" }]);
  }
  groups.tell(new Map([["n2", 1]]), () => new Map(), "", "b");
  expect(ups).toEqual(["b"]);
});
