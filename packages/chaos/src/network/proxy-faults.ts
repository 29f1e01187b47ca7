import type { FaultyNetwork } from "@hexraft/testing/proxy";
import { type Fault, names, type Scene } from "../faults.js";

const stalled = { passage: "stalled" } as const;

/** What the proxy can do to links. */
export function proxyFaults(links: FaultyNetwork): readonly Fault[] {
  /** Does something to every link, one way at a time. */
  const onAllLinks = (scene: Scene, conditions: Parameters<FaultyNetwork["set"]>[2]): void => {
    const all = names(scene);
    for (const from of all) for (const to of all) if (from !== to) links.set(from, to, conditions);
  };
  return [
    {
      name: "mute-leader",
      strike: ({ leader, followers }) => {
        for (const { id } of followers) links.set(leader.id, id, stalled);
        return `nothing that leader ${leader.id} says arrives, it hears everybody`;
      },
    },
    {
      name: "deaf-leader",
      strike: ({ leader, followers }) => {
        for (const { id } of followers) links.set(id, leader.id, stalled);
        return `leader ${leader.id} hears nobody, everybody hears it`;
      },
    },
    {
      name: "cut-one-way",
      strike: ({ leader, followers: [first] }) => {
        links.set(leader.id, first.id, stalled);
        return `nothing passes from leader ${leader.id} to ${first.id}`;
      },
    },
    {
      name: "cut-link",
      strike: ({ leader, followers: [first] }) => {
        links.set(leader.id, first.id, stalled);
        links.set(first.id, leader.id, stalled);
        return `nothing passes between leader ${leader.id} and ${first.id}, both reach the third`;
      },
    },
    {
      name: "isolate-leader",
      strike: ({ leader }) => {
        links.setAround(leader.id, stalled);
        return `leader ${leader.id} is cut off`;
      },
    },
    {
      name: "isolate-follower",
      strike: ({ followers: [first] }) => {
        links.setAround(first.id, stalled);
        return `follower ${first.id} is cut off`;
      },
    },
    {
      name: "refuse-leader",
      strike: ({ leader }) => {
        links.setAround(leader.id, { passage: "refused" });
        return `the connections of leader ${leader.id} are reset, and refused`;
      },
    },
    {
      name: "shatter",
      strike: (scene) => {
        onAllLinks(scene, stalled);
        return "nobody reaches anybody";
      },
    },
    {
      name: "delay",
      strike: (scene) => {
        const delayMs = Math.round(scene.between(5, 40));
        onAllLinks(scene, { delayMs, jitterMs: delayMs });
        return `all links are late by ${delayMs} to ${2 * delayMs} ms`;
      },
    },
    {
      name: "narrow",
      strike: (scene) => {
        const bytesPerSecond = Math.round(scene.between(10_000, 60_000));
        onAllLinks(scene, { bytesPerSecond });
        return `all links let ${bytesPerSecond} bytes pass per second`;
      },
    },
    {
      name: "lossy",
      strike: (scene) => {
        const resetChance = scene.between(0.005, 0.05);
        onAllLinks(scene, { resetChance, jitterMs: 10 });
        return `${(100 * resetChance).toFixed(1)} % of all pieces are lost with their connection`;
      },
    },
    {
      name: "reset",
      strike: (scene) => {
        const all = names(scene);
        const pairs = all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other] as const));
        const count = pairs.reduce((sum, [one, other]) => sum + links.reset(one, other), 0);
        return `all ${count} connections between nodes are reset`;
      },
    },
  ];
}
