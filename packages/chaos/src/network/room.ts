import { spawn } from "node:child_process";
import { hostTool } from "./host-tool.js";

/*
 * A room: namespaces of network and mounts in which one process and its children live, beside those of the machine. Bridges, links
 * and named network namespaces that are made in it are seen nowhere else, and are gone when the last process in it has ended, however
 * it ended. Whoever is not root is made root in it by a namespace of users, where the machine allows that.
 */
const ROOM_OF = "HEXRAFT_CHAOS_ROOM_OF";
/** What is done in a room: names for namespaces, a bridge, a link. */
const TRIAL = `mount -t tmpfs tmpfs /run
ip link add trial type bridge
ip netns add trial
ip link add one type veth peer name other netns trial
tc -n trial qdisc add dev other root tbf rate 1mbit burst 16kb limit 16kb`;

const enter = (): readonly [string, ...string[]] => [
  "unshare",
  "--net",
  "--mount",
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
];

/** Whether this process lives in one. Whoever inherits the variable by another way has another parent. */
export const isInRoom = (): boolean => process.env[ROOM_OF] === `${process.ppid}`;

/** Why there can be none on this machine, for this user; `undefined` if there can. */
export async function roomRefusal(): Promise<string | undefined> {
  try {
    await hostTool([...enter(), "sh", "-ec", TRIAL]);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(TRIAL, "…");
  }
}

/** Runs a program of Node.js in a room of its own; signals are passed on. @returns its exit status. */
export function runInRoom(args: readonly string[], signals: readonly NodeJS.Signals[]): Promise<number> {
  const [program, ...before] = enter();
  const child = spawn(program, [...before, process.execPath, ...args], {
    stdio: "inherit",
    env: { ...process.env, [ROOM_OF]: `${process.pid}` },
  });
  for (const signal of signals) process.on(signal, () => void child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
