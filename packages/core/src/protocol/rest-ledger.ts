import type { Millis } from "../model/log-id.js";
import type { ProcessBeat, WokenGroup } from "../model/message.js";
import { WOKEN_NAMED_MAX } from "../model/messages/rest.js";
import type { GroupId, NodeId, StartNumber } from "../model/node-id.js";

/** What one process knows of another. */
interface Neighbour {
  startNumber: StartNumber;
  /** The version of its list that was heard last. */
  held: number;
  /** The version of our list that it confirmed. */
  confirmed: number;
  contactAt: Millis;
  /** Groups that its beats named, and the version of the newest that did: an offer of before comes too late. */
  readonly woken: Map<GroupId, number>;
  /** Up to this version anything may have woken. */
  untold: number;
}

/** A group at rest. */
interface Resting {
  readonly processes: readonly NodeId[];
  /** Follower: the version of the leader's list that its offer named; `null`: it is led here. */
  readonly version: number | null;
}

/** Whether a rest was offered after all that the neighbour is known to have woken. */
const isNewer = (version: number | null, group: GroupId, { untold, woken }: Neighbour): boolean =>
  version === null || version >= Math.max(untold, woken.get(group) ?? 0);

/** Most wakings of another process that are remembered by name. */
const WAKINGS_REMEMBERED_MAX = 1_024;

/** Which groups wake, and what their followers' contact with the leader was. */
export interface Waking {
  readonly groups: readonly GroupId[];
  /** When the process that they rested with was last heard; monotonic, ms. */
  readonly contactAt: Millis;
}

/**
 * G02: the groups of a process that rest, pure. Two processes beat once per interval for all groups that they rest together. A
 * beat names the version of the sender's list and the groups that woke since the version that the receiver had confirmed, so
 * that a lost beat loses nothing; silence for T, and another run of the process, wake all.
 */
export class RestLedger {
  private version = 0;
  /** Groups led here whose rest was offered or began. */
  private readonly led = new Set<GroupId>();
  /** Wakings by version, oldest first; what is older than the oldest is not known any more. */
  private woken: WokenGroup[] = [];
  private forgotten = 0;
  private readonly neighbours = new Map<NodeId, Neighbour>();
  private readonly resting = new Map<GroupId, Resting>();
  private readonly groupsWith = new Map<NodeId, Set<GroupId>>();
  /** With whom a group went to rest last: of thousands most rest with the same processes, and keep the same list. */
  private latest: readonly NodeId[] = [];

  /** Groups at rest. */
  get size(): number {
    return this.resting.size;
  }

  /** Whether a group is one of them. */
  isResting(group: GroupId): boolean {
    return this.resting.has(group);
  }

  /** A group led here is being offered rest: it is on the list from now on. @returns the list's version. */
  offer(group: GroupId): number {
    this.led.add(group);
    return this.version;
  }

  /**
   * A group rests, with these processes.
   *
   * @param version - follower: of the leader's list, as its offer named it; `null`: it is led here.
   * @returns `false` if a process is not known, or the group has left the leader's list since: it must wake.
   */
  rest(group: GroupId, processes: readonly NodeId[], version: number | null, now: Millis): boolean {
    for (const id of processes) {
      const neighbour = this.neighbours.get(id);
      if (neighbour === undefined) return false;
      if (!isNewer(version, group, neighbour)) return false;
    }
    this.leave(group);
    this.resting.set(group, { processes: this.shared(processes), version });
    for (const id of processes) {
      const groups = this.groupsWith.get(id);
      // With the first group that they rest together the beats between two processes begin, and with them their silence.
      if (groups === undefined) this.groupsWith.set(id, new Set([group]));
      else groups.add(group);
      if (groups === undefined) (this.neighbours.get(id) as Neighbour).contactAt = now;
    }
    return true;
  }

  /** A group woke, or is here no more. */
  wake(group: GroupId): void {
    this.leave(group);
    if (!this.led.delete(group)) return;
    this.version++;
    this.woken.push({ group, version: this.version });
    if (this.woken.length > WOKEN_NAMED_MAX) this.forgotten = this.woken.shift()?.version ?? this.forgotten;
  }

  /** With whom a group rests; empty if it does not. */
  processesOf(group: GroupId): readonly NodeId[] {
    return this.resting.get(group)?.processes ?? [];
  }

  /** When a process was last heard; monotonic, ms. */
  contactAt(id: NodeId): Millis {
    return this.neighbours.get(id)?.contactAt ?? Number.NEGATIVE_INFINITY;
  }

  /** A connection to this run of a process is there: another run knows nothing of what rested with the one before. */
  met(id: NodeId, startNumber: StartNumber, now: Millis): Waking {
    const known = this.neighbours.get(id);
    if (known?.startNumber === startNumber) return { groups: [], contactAt: known.contactAt };
    this.neighbours.set(id, { startNumber, held: 0, confirmed: 0, contactAt: now, woken: new Map(), untold: 0 });
    return { groups: [...(this.groupsWith.get(id) ?? [])], contactAt: Number.NEGATIVE_INFINITY };
  }

  /** Processes that a beat is due to. */
  get partners(): readonly NodeId[] {
    return [...this.groupsWith.keys()];
  }

  /** What is said to a process. */
  beatFor(id: NodeId): ProcessBeat {
    const neighbour = this.neighbours.get(id);
    const since = neighbour?.confirmed ?? 0;
    const woken = since < this.forgotten ? null : this.woken.filter(({ version }) => version > since);
    return {
      type: "ProcessBeat",
      version: this.version,
      since,
      woken,
      held: neighbour?.held ?? 0,
      heldStart: neighbour?.startNumber ?? 0,
    };
  }

  /** A beat came. @returns the groups that wake by it. */
  heard(id: NodeId, startNumber: StartNumber, ownStart: StartNumber, beat: ProcessBeat, now: Millis): Waking {
    const waking = this.met(id, startNumber, now);
    const neighbour = this.neighbours.get(id) as Neighbour;
    neighbour.contactAt = now;
    if (beat.heldStart === ownStart) neighbour.confirmed = Math.max(neighbour.confirmed, beat.held);
    if (beat.version <= neighbour.held) return waking;
    // What changed between the version held here and the one that it counts from, nobody told.
    const isUntold = beat.woken === null || beat.since > neighbour.held;
    neighbour.held = beat.version;
    if (isUntold || neighbour.woken.size > WAKINGS_REMEMBERED_MAX) {
      neighbour.untold = beat.version;
      neighbour.woken.clear();
    }
    for (const { group, version } of beat.woken ?? []) neighbour.woken.set(group, version);
    const shared = this.groupsWith.get(id) ?? new Set<GroupId>();
    const woken = [...shared].filter((group) => !this.isCurrent(group, neighbour));
    return { groups: [...new Set([...waking.groups, ...woken])], contactAt: now };
  }

  /** Groups that rest with a process that was not heard for so long. */
  silent(now: Millis, forMs: Millis): readonly Waking[] {
    return [...this.groupsWith].flatMap(([id, groups]) => {
      const contactAt = this.contactAt(id);
      return now - contactAt >= forMs ? [{ groups: [...groups], contactAt }] : [];
    });
  }

  private shared(processes: readonly NodeId[]): readonly NodeId[] {
    const { latest } = this;
    const isSame = processes.length === latest.length && processes.every((id, at) => id === latest[at]);
    if (!isSame) this.latest = processes;
    return this.latest;
  }

  private isCurrent(group: GroupId, neighbour: Neighbour): boolean {
    return isNewer(this.resting.get(group)?.version ?? null, group, neighbour);
  }

  private leave(group: GroupId): void {
    for (const id of this.processesOf(group)) {
      const groups = this.groupsWith.get(id);
      groups?.delete(group);
      if (groups?.size === 0) this.groupsWith.delete(id);
    }
    this.resting.delete(group);
  }
}
