import type { Arena } from "./arena.js";
import type { ServedNode } from "./served-node.js";

/** Where a fault may strike. */
export interface Scene {
  /** The cluster. */
  readonly arena: Arena;
  /** Who leads, as the clients see it, or anybody if they see nobody. */
  readonly leader: ServedNode;
  /** The others. */
  readonly followers: readonly [ServedNode, ServedNode];
  /** Draws from [low, high). */
  between(low: number, high: number): number;
}

/** Something that goes wrong until the arena is healed. */
export interface Fault {
  /** Its name. */
  readonly name: string;
  /** Whether it ends or stops processes; such a one waits until all nodes are up. */
  readonly onProcesses?: true;
  /** Does it. @returns what it did, for people. */
  strike(scene: Scene): Promise<string> | string;
}

const stalled = { passage: "stalled" } as const;
const names = ({ leader, followers }: Scene): readonly string[] => [leader, ...followers].map(({ id }) => id);

/** Does something to every link, one way at a time. */
function onAllLinks(scene: Scene, conditions: () => Parameters<Scene["arena"]["network"]["set"]>[2]): void {
  for (const from of names(scene))
    for (const to of names(scene)) if (from !== to) scene.arena.network.set(from, to, conditions());
}

/** Everything that may go wrong, the links first; a run strikes with each before it strikes with one again. */
export const FAULTS: readonly Fault[] = [
  {
    name: "mute-leader",
    strike: ({ arena, leader, followers }) => {
      for (const { id } of followers) arena.network.set(leader.id, id, stalled);
      return `nothing that leader ${leader.id} says arrives, it hears everybody`;
    },
  },
  {
    name: "deaf-leader",
    strike: ({ arena, leader, followers }) => {
      for (const { id } of followers) arena.network.set(id, leader.id, stalled);
      return `leader ${leader.id} hears nobody, everybody hears it`;
    },
  },
  {
    name: "cut-one-way",
    strike: ({ arena, leader, followers: [first] }) => {
      arena.network.set(leader.id, first.id, stalled);
      return `nothing passes from leader ${leader.id} to ${first.id}`;
    },
  },
  {
    name: "cut-link",
    strike: ({ arena, leader, followers: [first] }) => {
      arena.network.set(leader.id, first.id, stalled);
      arena.network.set(first.id, leader.id, stalled);
      return `nothing passes between leader ${leader.id} and ${first.id}, both reach the third`;
    },
  },
  {
    name: "isolate-leader",
    strike: ({ arena, leader }) => {
      arena.network.setAround(leader.id, stalled);
      return `leader ${leader.id} is cut off`;
    },
  },
  {
    name: "isolate-follower",
    strike: ({ arena, followers: [first] }) => {
      arena.network.setAround(first.id, stalled);
      return `follower ${first.id} is cut off`;
    },
  },
  {
    name: "refuse-leader",
    strike: ({ arena, leader }) => {
      arena.network.setAround(leader.id, { passage: "refused" });
      return `the connections of leader ${leader.id} are reset, and refused`;
    },
  },
  {
    name: "shatter",
    strike: (scene) => {
      onAllLinks(scene, () => stalled);
      return "nobody reaches anybody";
    },
  },
  {
    name: "delay",
    strike: (scene) => {
      const delayMs = Math.round(scene.between(5, 40));
      onAllLinks(scene, () => ({ delayMs, jitterMs: delayMs }));
      return `all links are late by ${delayMs} to ${2 * delayMs} ms`;
    },
  },
  {
    name: "narrow",
    strike: (scene) => {
      const bytesPerSecond = Math.round(scene.between(10_000, 60_000));
      onAllLinks(scene, () => ({ bytesPerSecond }));
      return `all links let ${bytesPerSecond} bytes pass per second`;
    },
  },
  {
    name: "lossy",
    strike: (scene) => {
      const resetChance = scene.between(0.005, 0.05);
      onAllLinks(scene, () => ({ resetChance, jitterMs: 10 }));
      return `${(100 * resetChance).toFixed(1)} % of all pieces are lost with their connection`;
    },
  },
  {
    name: "reset",
    strike: (scene) => {
      const all = names(scene);
      const pairs = all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other] as const));
      const count = pairs.reduce((sum, [one, other]) => sum + scene.arena.network.reset(one, other), 0);
      return `all ${count} connections between nodes are reset`;
    },
  },
  {
    name: "kill-leader",
    onProcesses: true,
    strike: async ({ leader }) => {
      await leader.kill();
      return `leader ${leader.id} is killed`;
    },
  },
  {
    name: "kill-follower",
    onProcesses: true,
    strike: async ({ followers: [first] }) => {
      await first.kill();
      return `follower ${first.id} is killed`;
    },
  },
  {
    name: "kill-all",
    onProcesses: true,
    strike: async ({ arena }) => {
      await Promise.all(arena.nodes.map((node) => node.kill()));
      return "all nodes are killed at once";
    },
  },
  {
    name: "pause-leader",
    onProcesses: true,
    strike: ({ leader }) => {
      leader.pause();
      return `leader ${leader.id} stands still`;
    },
  },
  {
    name: "pause-follower",
    onProcesses: true,
    strike: ({ followers: [first] }) => {
      first.pause();
      return `follower ${first.id} stands still`;
    },
  },
  {
    name: "pause-followers",
    onProcesses: true,
    strike: ({ followers }) => {
      for (const follower of followers) follower.pause();
      return `both followers, ${followers.map(({ id }) => id).join(" and ")}, stand still`;
    },
  },
];
