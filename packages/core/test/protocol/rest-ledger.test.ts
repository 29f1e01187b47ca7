import { describe, expect, it } from "vitest";
import { RestLedger } from "../../src/protocol/rest-ledger.js";

const T = 1_000;

/** Two processes that have met: l leads, f follows. */
function pair() {
  const [l, f] = [new RestLedger(), new RestLedger()];
  l.met("f", 5, 0);
  f.met("l", 3, 0);
  /** L offers, f agrees, l rests. */
  const rest = (group: string, now = 0): boolean => {
    const version = l.offer(group);
    return f.rest(group, ["l"], version, now) && l.rest(group, ["f"], null, now);
  };
  const toFollower = (now = 0) => f.heard("l", 3, 5, l.beatFor("f"), now).groups;
  const toLeader = (now = 0) => l.heard("f", 5, 3, f.beatFor("l"), now).groups;
  return { l, f, rest, toFollower, toLeader };
}

describe("RestLedger", () => {
  it("G02 one beat to each process serves all groups, and there is none where nothing rests", () => {
    const { l, f, rest, toFollower } = pair();
    expect(l.partners).toEqual([]);
    for (let i = 0; i < 1_000; i++) expect(rest(`g${i}`)).toBe(true);
    expect([l.partners, f.partners]).toEqual([["f"], ["l"]]);
    expect([l.size, f.size]).toEqual([1_000, 1_000]);
    expect(toFollower()).toEqual([]);
    for (let i = 0; i < 1_000; i++) l.wake(`g${i}`);
    expect(l.partners).toEqual([]);
  });

  it("G02 a group that woke at its leader is named until the follower's process has confirmed it, and no other wakes", () => {
    const { l, f, rest, toFollower, toLeader } = pair();
    for (const group of ["a", "b", "c"]) rest(group);
    l.wake("b");
    expect(l.beatFor("f").woken).toEqual([{ group: "b", version: 1 }]);
    // That beat is lost; the next one says it again.
    l.wake("c");
    expect(toFollower()).toEqual(["b", "c"]);
    expect(f.size).toBe(3); // its groups wake, and say so
    for (const group of ["b", "c"]) f.wake(group);
    toLeader();
    expect(l.beatFor("f")).toMatchObject({ since: 2, version: 2, woken: [] });
    expect(f.processesOf("a")).toEqual(["l"]);
  });

  it("G02 a consent that comes after the news that the group woke is none", () => {
    const { l, f, toFollower } = pair();
    const version = l.offer("a");
    l.wake("a");
    toFollower();
    expect(f.rest("a", ["l"], version, 0)).toBe(false);
    expect(f.rest("other", ["l"], version, 0)).toBe(true);
    expect(f.rest("a", ["l"], l.offer("a"), 0)).toBe(true);
  });

  it("G02 what rests again by a later offer is not woken by the news of before", () => {
    const { l, f, rest, toFollower } = pair();
    rest("a");
    rest("b");
    l.wake("a");
    f.wake("a");
    rest("a");
    l.wake("b");
    expect(toFollower()).toEqual(["b"]);
    expect(f.processesOf("a")).toEqual(["l"]);
  });

  it("G02 so is one that comes after more wakings than a beat can name", () => {
    const { l, f, toFollower } = pair();
    const version = l.offer("a");
    for (let i = 0; i < 200; i++) {
      l.offer(`g${i}`);
      l.wake(`g${i}`);
    }
    expect(l.beatFor("f").woken).toBeNull();
    toFollower();
    expect(f.rest("a", ["l"], version, 0)).toBe(false);
  });

  it("G02 what nobody can name any more wakes all that rest with that process", () => {
    const { l, rest, toFollower } = pair();
    for (let i = 0; i < 200; i++) rest(`g${i}`);
    for (let i = 0; i < 150; i++) l.wake(`g${i}`);
    expect(toFollower()).toHaveLength(200);
  });

  it("G02 silence for T wakes all that rest with a process, on either side, and tells how old the contact is", () => {
    const { l, f, rest, toFollower, toLeader } = pair();
    rest("a", 100);
    rest("b", 100);
    toFollower(400);
    toLeader(500);
    expect(f.silent(400 + T - 1, T)).toEqual([]);
    expect(f.silent(400 + T, T)).toEqual([{ groups: ["a", "b"], contactAt: 400 }]);
    expect(l.silent(500 + T, T)).toEqual([{ groups: ["a", "b"], contactAt: 500 }]);
  });

  it("G02 silence counts from when two processes first rest something together, not from when they met", () => {
    const { f, rest } = pair();
    rest("a", 50_000);
    expect(f.silent(50_000 + T - 1, T)).toEqual([]);
  });

  it("G02 T11 another run of a process knows nothing of what rested with the one before", () => {
    const { l, f, rest, toFollower } = pair();
    rest("a");
    l.wake("other");
    rest("b");
    toFollower();
    expect(f.met("l", 3, 10).groups).toEqual([]);
    expect(f.met("l", 4, 20)).toEqual({ groups: ["a", "b"], contactAt: Number.NEGATIVE_INFINITY });
    expect(f.beatFor("l")).toMatchObject({ held: 0, heldStart: 4 });
  });

  it("G02 T11 what a process says of an earlier run of ours confirms nothing", () => {
    const { l, rest } = pair();
    rest("a");
    l.wake("a");
    l.heard("f", 5, 3, { type: "ProcessBeat", version: 0, since: 0, woken: [], held: 1, heldStart: 2 }, 0);
    expect(l.beatFor("f").woken).toEqual([{ group: "a", version: 1 }]);
    l.heard("f", 5, 3, { type: "ProcessBeat", version: 0, since: 0, woken: [], held: 1, heldStart: 3 }, 0);
    expect(l.beatFor("f").woken).toEqual([]);
  });

  it("G02 nothing rests with a process that was never met", () => {
    expect(new RestLedger().rest("a", ["stranger"], 0, 0)).toBe(false);
  });
});
