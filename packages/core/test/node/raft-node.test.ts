import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { NO_CONFIGURATION } from "../../src/model/configuration.js";
import { RaftError } from "../../src/model/errors.js";
import type { Consistency } from "../../src/node/consistency.js";
import type { NodeEvent } from "../../src/node/node-events.js";
import { Rejected } from "../../src/ports/state-machine.js";
import { Turn } from "../../src/ports/turn.js";
import { settled } from "../components/support/entries.js";
import { loneNode } from "./support/lone-node.js";
import { SmallDisk } from "./support/small-disk.js";

const refusal = (code: string, outcome: string) => expect.objectContaining({ code, outcome });
const fails = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => new Error(`it resolved with ${String(value)}`),
    (error: unknown) => error,
  );

describe("a node", () => {
  it("E18 F02 founds a cluster of one, leads it, and returns what the state machine said", async () => {
    const { node, lead, say, machine } = await loneNode();
    await lead();
    expect(await Promise.all(["a", "b"].map((text) => say(text)))).toEqual([1, 2]);
    expect(await node.read("all")).toBe("a,b");
    expect(machine.told).toEqual(["leaderStart 1"]);
    await node.stop();
  });

  it("F01 a rejected command is a result, and the node goes on", async () => {
    const { node, lead, say } = await loneNode();
    await lead();
    expect(await say("no")).toEqual(new Rejected("No", "it said no"));
    expect(await say("a")).toBe(1);
    await node.stop();
  });

  it("R15 F01 a fault stops apply: the caller hears unknown, the node says so and leads no more", async () => {
    const { node, lead, say, until } = await loneNode();
    await lead();
    await say("a");
    expect(await fails(say("boom"))).toEqual(refusal("StateMachineFaulted", "unknown"));
    await until(() => node.describe().role === "follower");
    expect(await fails(node.read("all", { consistency: "local" }))).toEqual(refusal("StateMachineFaulted", "refused"));
    expect(node.describe().appliedIndex).toBe(3);
    await node.stop();
  });

  it("R16 E09 comes back from its disk alone, with nothing acknowledged missing", async () => {
    const disk = new SmallDisk();
    const first = await loneNode(disk);
    await first.lead();
    for (const text of ["a", "b", "c"]) await first.say(text);
    await first.node.stop();
    const second = await loneNode(disk);
    await second.lead();
    expect(second.machine.lines).toEqual(["a", "b", "c"]);
    expect(second.node.describe().term).toBe(2);
    expect(second.node.describe().identity.startNumber).toBe(2);
    await second.node.stop();
  });

  it("S01 S03 R16 a snapshot and the log after it bring the same state back", async () => {
    const disk = new SmallDisk();
    const options = { compactionMarginEntries: 0 };
    const first = await loneNode(disk, options);
    await first.lead();
    await first.say("a");
    expect(await first.node.snapshot()).toBe(3);
    await first.say("b");
    expect(await first.node.snapshot()).toBe(4);
    await first.say("c");
    await first.node.stop();
    expect(disk.base.index).toBe(3);
    const second = await loneNode(disk, options);
    await second.lead();
    expect(second.machine.lines).toEqual(["a", "b", "c"]);
    expect(second.machine.told[0]).toBe("loaded");
    await second.node.stop();
  });

  it("C05 whoever stops a node is told after all callers were answered, however late the host gives it a turn", async () => {
    let lateMs = 0;
    const late = new ContainerModule(({ onActivation }) => {
      onActivation(Turn, () => ({
        schedule: (drain) => void (lateMs > 0 ? setTimeout(drain, lateMs) : setImmediate(drain)),
      }));
    });
    const { node, lead, say } = await loneNode(new SmallDisk(), {}, [late]);
    await lead();
    lateMs = 20;
    const heard: string[] = [];
    const call = say("a").then(
      () => heard.push("applied"),
      () => heard.push("answered"),
    );
    await Promise.all([node.stop().then(() => heard.push("stopped")), call]);
    expect(heard).toEqual(["answered", "stopped"]);
  });

  it("S07 demands for a snapshot share one run", async () => {
    const { node, lead, say, disk } = await loneNode();
    await lead();
    await say("a");
    expect(await Promise.all([node.snapshot(), node.snapshot(), node.snapshot()])).toEqual([3, 3, 3]);
    expect(disk.snapshots).toHaveLength(1);
    await node.stop();
  });

  it("S07 a snapshot of nothing is refused", async () => {
    const { node } = await loneNode();
    await node.start();
    expect(await fails(node.snapshot())).toEqual(refusal("SnapshotFailed", "refused"));
    await node.stop();
  });

  it("R10 a command over entryBytesMax is refused before it enters the log", async () => {
    const { node, lead } = await loneNode(undefined, { entryBytesMax: 100 });
    await lead();
    const error = await fails(node.apply(new Uint8Array(101)));
    expect(error).toEqual(refusal("EntryTooLarge", "refused"));
    expect((error as Error).message).toMatch(/101 bytes.*entryBytesMax is 100/);
    expect(await node.apply(new Uint8Array(100))).toBe(1);
    await node.stop();
  });

  it("F03 without a Codec anything but bytes is refused before it enters the log", async () => {
    const { node, lead } = await loneNode();
    await lead();
    expect(await fails(node.apply("text" as unknown as Uint8Array))).toEqual(refusal("BadCommand", "refused"));
    expect(node.describe().last.index).toBe(2);
    await node.stop();
  });

  it("R12 more than the bound on unapplied bytes is refused at once, and what fits is done", async () => {
    const { node, lead } = await loneNode(undefined, { entryBytesMax: 1_000, uncommittedBytesMax: 10_000 });
    await lead();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        node.apply(new Uint8Array(1_000)).then(
          () => "ok",
          (error: RaftError) => error.code,
        ),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(["ok", "Overloaded"]));
    expect(await node.apply(new Uint8Array(10))).toBeGreaterThan(0);
    await node.stop();
  });

  it("C01 C02 a node that does not lead refuses", async () => {
    const { node, say } = await loneNode();
    await node.start();
    expect(await fails(say("a"))).toEqual(refusal("NotLeader", "refused"));
    expect(await fails(say("a", { forward: true }))).toEqual(refusal("NotLeader", "refused"));
    expect(await fails(node.read("all"))).toEqual(refusal("NotLeader", "refused"));
    await node.stop();
  });

  it("Q06 a local read says in its name that it may be stale, and needs no leader", async () => {
    const { node } = await loneNode();
    await node.start();
    await expect(node.read("all", { consistency: "local" })).resolves.toBe("");
    // Whoever does not say so never gets what may be old.
    expect(await fails(node.read("all"))).toEqual(refusal("NotLeader", "refused"));
    await node.stop();
  });

  it("Q05 Q08 each consistency is asked for by its name, and what is none is refused with field and rule", async () => {
    const { node, lead, say } = await loneNode();
    await lead();
    await say("a");
    const ways = ["linearizable", "lease", "local", { maxStalenessMs: 10_000 }, { atLeast: node.readToken() }] as const;
    for (const consistency of ways) expect(await node.read("all", { consistency })).toBe("a");
    const bad = [
      "fresh",
      { maxStalenessMs: -1 },
      { maxStalenessMs: Number.NaN },
      { atLeast: 1.5 },
      { atLeast: "7" },
      {},
    ];
    for (const consistency of bad)
      expect(await fails(node.read("all", { consistency: consistency as Consistency }))).toEqual(
        refusal("BadOption", "refused"),
      );
    await node.stop();
  });

  it("Q08/token a read waits until what its token names is applied here, and no longer than its deadline", async () => {
    const { node, lead, say, until } = await loneNode();
    await lead();
    await say("a");
    const shown = Number(node.readToken().split("/")[3]);
    const later = node.read("all", { consistency: { atLeast: shown + 1 } });
    expect(node.describe().queues["reads"]).toBe(1);
    await say("b");
    expect(await later).toBe("a,b");
    let outcome: unknown;
    const waiting = async (): Promise<void> => {
      outcome = await fails(node.read("all", { consistency: { atLeast: 1_000 }, deadlineMs: 50 }));
    };
    void waiting();
    await until(() => outcome !== undefined);
    expect(outcome).toEqual(refusal("ReadTimeout", "refused"));
    await node.stop();
  });

  it("Q08/token names cluster, group and index: of another cluster or group it is refused, and says so", async () => {
    const { node, lead, say } = await loneNode();
    await lead();
    await say("a");
    const token = node.readToken();
    // Configuration, the leader's first entry, and the command.
    expect(token).toBe(`${node.describe().identity.clusterId}/main/0/3`);
    const [cluster, group, recovery, index] = token.split("/");
    for (const other of [`x${cluster}/${group}/${recovery}/${index}`, `${cluster}/other/${recovery}/${index}`])
      expect(await fails(node.read("all", { consistency: { atLeast: other } }))).toEqual(
        refusal("TokenRefused", "refused"),
      );
    await node.stop();
  });

  it("Q08/recovered M11 a token from before an unsafe recovery is refused", async () => {
    const { node, lead } = await loneNode();
    await lead();
    const [cluster, group, recovery, index] = node.readToken().split("/");
    const consistency = { atLeast: `${cluster}/${group}/${Number(recovery) + 1}/${index}` };
    expect(await fails(node.read("all", { consistency }))).toEqual(refusal("TokenRefused", "refused"));
    await node.stop();
  });

  it("a query that throws concerns its caller alone", async () => {
    const { node, lead, say } = await loneNode();
    await lead();
    expect(await fails(node.read("bad"))).toEqual(new Error("no such query"));
    expect(await say("a")).toBe(1);
    await node.stop();
  });

  it("C02 C05 a deadline that passes after the command was appended: unknown; before it began: refused", async () => {
    const disk = new SmallDisk();
    const { node, lead, say, until, disk: held } = await loneNode(disk);
    await lead();
    expect(await fails(say("a", { deadlineMs: 0 }))).toEqual(refusal("DeadlineExceeded", "refused"));
    const aborted = new AbortController();
    aborted.abort();
    expect(await fails(say("a", { signal: aborted.signal }))).toEqual(refusal("Cancelled", "refused"));
    const early = new AbortController();
    const calledOff = fails(say("a", { signal: early.signal }));
    early.abort();
    expect(await calledOff).toEqual(refusal("Cancelled", "refused"));
    held.holdWrites = true;
    let late: unknown;
    const calling = async (): Promise<void> => {
      late = await fails(say("b", { deadlineMs: 50 }));
    };
    void calling();
    await until(() => late !== undefined);
    expect(late).toEqual(refusal("DeadlineExceeded", "unknown"));
    held.releaseWrites();
    expect(await say("c")).toBe(2);
    await node.stop();
  });

  it("Q07 C05 no promise hangs for ever: without a deadline of its own a call has ten election timeouts", async () => {
    const { node, lead, say, until, disk, time } = await loneNode(undefined, { writeOverdueMs: 60_000 });
    await lead();
    disk.holdWrites = true;
    const begun = time.now();
    let heard: unknown;
    const calling = async (): Promise<void> => {
      heard = await fails(say("a"));
    };
    void calling();
    await until(() => heard !== undefined);
    expect(heard).toEqual(refusal("DeadlineExceeded", "unknown"));
    expect(time.now() - begun).toBeGreaterThanOrEqual(1_500);
    expect(time.now() - begun).toBeLessThan(1_600);
    disk.releaseWrites();
    await node.stop();
  });

  it("the callback form is answered in a later turn, once", async () => {
    const { node, lead, encode } = await loneNode(undefined, { entryBytesMax: 100 });
    await lead();
    const heard: string[] = [];
    node.applyCallback(encode("a"), (error, result) => heard.push(error?.message ?? String(result)));
    node.applyCallback(new Uint8Array(101), (error) => heard.push((error as RaftError).code));
    expect(heard).toEqual([]);
    for (let i = 0; i < 10; i++) await settled();
    expect(heard.toSorted()).toEqual(["1", "EntryTooLarge"]);
    await node.stop();
  });

  it("the turn stays live: an interval keeps firing under 4,096 callers, promise and callback form", async () => {
    for (const form of ["promise", "callback"] as const) {
      const { node, lead } = await loneNode();
      await lead();
      const payload = new Uint8Array(16);
      const run = { stop: false };
      let answered = 0;
      const byPromise = async (): Promise<void> => {
        while (!run.stop) {
          await node.apply(payload);
          answered++;
        }
      };
      const byCallback = (): void =>
        node.applyCallback(payload, () => {
          answered++;
          if (!run.stop) byCallback();
        });
      let ticks = 0;
      const interval = setInterval(() => void ticks++, 5);
      const callers = Array.from({ length: 4_096 }, async () => (form === "promise" ? byPromise() : byCallback()));
      await new Promise<void>((resolve) => {
        const watch = setInterval(() => {
          if (ticks < 20) return;
          clearInterval(watch);
          resolve();
        }, 5);
      });
      run.stop = true;
      clearInterval(interval);
      await Promise.all(callers);
      expect(answered).toBeGreaterThan(4_096);
      await node.stop();
    }
  });

  it("O06 the state hash comes with the index it was taken at, whatever the log holds beyond", async () => {
    const { node, lead, say, disk } = await loneNode();
    await lead();
    await say("a");
    expect(await node.stateHash()).toEqual({ index: 3, term: 1, hash: "a" });
    disk.holdWrites = true;
    const saying = say("b");
    for (let i = 0; i < 3; i++) await settled();
    expect(node.describe().last.index).toBe(4);
    expect(await node.stateHash()).toEqual({ index: 3, term: 1, hash: "a" });
    disk.releaseWrites();
    await saying;
    expect(await node.stateHash()).toEqual({ index: 4, term: 1, hash: "a|b" });
    await node.stop();
  });

  it("O01 describes itself as data and as text", async () => {
    const { node, lead, say } = await loneNode();
    await lead();
    await say("a");
    const description = node.describe();
    expect(description).toMatchObject({
      nodeId: "n1",
      role: "leader",
      term: 1,
      leader: "n1",
      address: "h:1",
      last: { index: 3, term: 1 },
      commitIndex: 3,
      durableIndex: 3,
      queues: { proposals: 0, reads: 0 },
      storage: { kind: "small" },
      halted: "",
    });
    expect(description.text).toMatch(/n1 at h:1: leader, term 1.*\nlog 1–3 \(term 1\), durable 3, committed 3/);
    await node.stop();
  });

  it("E23 the changes of role and leader can be read back, each with its cause", async () => {
    const { node, lead } = await loneNode();
    await lead();
    const { history } = node.describe();
    expect(history.map(({ what }) => what).join("; ")).toMatch(
      /started.*founded.*candidate in term 1.*leader in term 1/,
    );
    expect(history.every(({ cause, atMs }) => cause !== "" && atMs > 1_700_000_000_000)).toBe(true);
    await node.stop();
  });

  it("O03 events$ tells what happens, and a subscriber that throws is logged, also behind an operator", async () => {
    const { node, lead, logger, say } = await loneNode();
    const heard: string[] = [];
    node.events$.subscribe(() => {
      throw new Error("a careless subscriber");
    });
    node.events$
      .pipe((source) => source)
      .subscribe({
        next: () => {
          throw new Error("another one");
        },
      });
    node.events$.subscribe((event: NodeEvent) => heard.push(event.kind === "role" ? event.role : event.kind));
    await lead();
    await say("a");
    await node.stop();
    expect(heard).toEqual(expect.arrayContaining(["started", "candidate", "leader", "configuration", "stopped"]));
    expect(logger.lines.join()).toContain("a careless subscriber");
    expect(logger.lines.join()).toContain("another one");
  });

  it("L04 a failed write halts the node in place: unknown to callers, told to everybody, for good", async () => {
    const { node, lead, say, disk, transport, machine } = await loneNode();
    const kinds: string[] = [];
    node.events$.subscribe(({ kind }) => kinds.push(kind));
    await lead();
    disk.failNext = new Error("EIO");
    expect(await fails(say("a"))).toEqual(refusal("Halted", "unknown"));
    expect(await node.halted).toContain("EIO");
    expect(kinds).toContain("halted");
    expect(node.describe().halted).toContain("EIO");
    await settled();
    expect(machine.told.join()).toContain("EIO");
    expect(transport.receiver).toBeUndefined();
    expect(await fails(say("b"))).toEqual(refusal("Halted", "refused"));
    expect(await fails(node.read("all"))).toEqual(refusal("Halted", "refused"));
    await node.stop();
    expect(disk.open).toBe(0);
  });

  it("a defect in a step or in what it orders halts this group in place, and says where it is", async () => {
    const { node, transport, logger, until, disk } = await loneNode();
    transport.setPeers = () => {
      throw new Error("the book is torn");
    };
    await node.start();
    await until(() => node.describe().halted !== "");
    expect(await node.halted).toBe("defect: the book is torn");
    expect(logger.lines.join()).toContain("stops in place");
    await node.stop();
    expect(disk.open).toBe(0);
  });

  it("O04 stop answers what is pending, closes everything, and leaves no timer; twice is once", async () => {
    const { node, lead, say, disk, time, transport, machine } = await loneNode();
    await lead();
    disk.holdWrites = true;
    const appended = fails(say("a"));
    for (let i = 0; i < 3; i++) await settled();
    const gathered = fails(say("b"));
    const read = fails(node.read("all"));
    const stopping = [node.stop(), node.stop()];
    for (let i = 0; i < 3; i++) await settled();
    disk.releaseWrites();
    await Promise.all(stopping);
    expect(await appended).toEqual(refusal("Stopped", "unknown"));
    expect(await gathered).toEqual(refusal("Stopped", "refused"));
    expect(await read).toEqual(refusal("Stopped", "refused"));
    expect(disk.open).toBe(0);
    expect(time.pending).toBe(0);
    expect(transport.stops).toBe(1);
    expect(machine.told.at(-1)).toBe("shutdown");
    expect(await fails(say("c"))).toEqual(refusal("Stopped", "refused"));
  });

  it("O04 a node that was never started can be stopped, and one that could not start leaves nothing open", async () => {
    const never = await loneNode();
    await never.node.stop();
    expect(await fails(never.node.start())).toEqual(refusal("Stopped", "refused"));
    const failing = await loneNode();
    failing.transport.startFault = new RaftError("AddressInUse", "refused", "h:1 is taken");
    expect(await fails(failing.node.start())).toEqual(refusal("AddressInUse", "refused"));
    expect(failing.disk.open).toBe(0);
    await failing.node.stop();
  });

  it("before start every call says so", async () => {
    const { node, say } = await loneNode();
    expect(await fails(say("a"))).toEqual(refusal("NotStarted", "refused"));
    expect(() => node.describe()).toThrow(/call start\(\) first/);
    await node.stop();
  });

  it("E21 a transfer to itself is nothing, to a stranger is refused with the reason", async () => {
    const { node, lead } = await loneNode();
    await lead();
    await node.transferLeadership("n1");
    expect(await fails(node.transferLeadership("n7"))).toEqual(refusal("TransferRefused", "refused"));
    await node.stop();
  });

  it("M03 M08 without a membership module the group is static", async () => {
    const { node, lead } = await loneNode();
    await lead();
    expect(await fails(node.changeConfiguration(NO_CONFIGURATION))).toEqual(refusal("ChangeRefused", "refused"));
    await node.stop();
  });
});
