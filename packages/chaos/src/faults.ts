import type { ServedNode } from "./served-node.js";

/** Where a fault may strike. */
export interface Scene {
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

/** The nodes, whoever leads first. */
export const names = ({ leader, followers }: Scene): readonly string[] => [leader, ...followers].map(({ id }) => id);

/** What may go wrong with the processes, whatever lies between them. */
export const PROCESS_FAULTS: readonly Fault[] = [
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
    strike: async ({ leader, followers }) => {
      await Promise.all([leader, ...followers].map((node) => node.kill()));
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
