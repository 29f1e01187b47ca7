import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { answersOn } from "./life-socket.js";

/** A process, told apart from every other that has, had or will have its number. What the host does not tell is `null`. */
export interface Holder {
  /** Its number in its pid namespace. */
  readonly pid: number;
  /** Where it runs, for people. */
  readonly host: string;
  /** When it started, in the kernel's ticks since boot: a reused pid has another one. */
  readonly startTime: string | null;
  /** Identity of the host's run: nobody lives through a boot. */
  readonly bootId: string | null;
  /** The pid namespace: in every container the first process is number 1. */
  readonly pidNamespace: string | null;
  /** Name of the socket it listens on while it lives, beside the record. */
  readonly socket: string | null;
}

/** This process. */
export function thisProcess(): Omit<Holder, "socket"> {
  return {
    pid: process.pid,
    host: hostname(),
    startTime: startTimeOf("self") ?? null,
    bootId: orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: orNull(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** What a record says; `undefined` for an empty one, and for what a power failure left of one: its writer died with it. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    if (typeof value !== "object" || value === null || !Number.isSafeInteger(value.pid)) return undefined;
    const word = (field: unknown) => (typeof field === "string" ? field : null);
    return {
      pid: value.pid as number,
      host: word(value.host) ?? "an unknown host",
      startTime: word(value.startTime),
      bootId: word(value.bootId),
      pidNamespace: word(value.pidNamespace),
      socket: word(value.socket),
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether that process still lives. It errs only towards yes. A pid is judged in its own namespace alone; from elsewhere,
 * or where the host tells no start times, the socket decides, which the kernel closes with the process.
 */
export function isAlive(directory: string, holder: Holder): boolean {
  const self = thisProcess();
  if (holder.bootId !== null && self.bootId !== null && holder.bootId !== self.bootId) return false;
  if (holder.pidNamespace === self.pidNamespace) {
    const startTime = startTimeOf(holder.pid);
    if (startTime === undefined && !exists(holder.pid)) return false;
    if (startTime === null) return false;
    if (startTime !== undefined && holder.startTime !== null) return startTime === holder.startTime;
  }
  return holder.socket === null || answersOn(directory, holder.socket);
}

/** Start time of a process; `null` for one that is dead and not yet reaped, `undefined` if it cannot be told. */
function startTimeOf(pid: number | "self"): string | null | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the command in parentheses, and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : fields[19];
  } catch {
    return undefined;
  }
}

/** A process of another user exists all the same, although it may not be signalled. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
