import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFlags } from "./lib/arguments.js";
import type { GroupsFacts, GroupsLoad, GroupsOrder } from "./lib/groups-orders.js";
import { endsWithUs, temporaryDirectory } from "./lib/leavings.js";
import { announce, conditions, report } from "./lib/report.js";
import { inTurn, type Sample } from "./lib/rounds.js";

/*
 * G01, G02: what groups cost that do nothing, and what it costs to spread a load over many. Three processes over TCP on loopback and
 * files: first `idle` groups that rest, their CPU over `ms`, and what a group adds to heap and buffers: one of as many more that come
 * then, when what all run is compiled, and one of all but the first tenth of the former, which still have code compiled. Then `active`
 * groups, their leaders spread over the processes, against one, `callers` in all, each in the process of its leader; each once before
 * anything counts, and `warmUp` ms before each measurement: a tenth of the commands a second takes ten times as long to be compiled for.
 * A caller whose group is led elsewhere meanwhile goes on there, through its own node; `askedAnew` says how often one had to look.
 * Beside the commands a second: syncs of all three logs, entries in one, and the CPU of all three processes per command.
 */
const flags = readFlags("groups", {
  idle: "1000",
  active: "100",
  callers: "1000",
  rounds: "3",
  ms: "5000",
  warmUp: "5000",
  timeout: "1000",
});
const numbers = [flags.idle, flags.active, flags.callers, flags.ms, flags.warmUp].map(Number);
const [idle, active, callers, ms, warmUp] = numbers as [number, number, number, number, number];
const REST_DEADLINE_MS = 120_000;
const SETTLED_AFTER_MS = 2_000;
const IDS = ["n1", "n2", "n3"];
const directory = temporaryDirectory("groups");

class Member {
  /** Rejects when the process ends, so that nobody waits for its answer for ever. */
  private readonly gone: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.gone = once(child, "exit").then(([code]) => {
      throw new Error(`a process of the groups ended with ${String(code)}`);
    });
    this.gone.catch(() => {});
  }

  static async start(id: string, groups: number, place: string): Promise<Member> {
    const path = fileURLToPath(new URL("load/groups-process.js", import.meta.url));
    const args = [id, String(groups), join(directory.path, place, id), flags.timeout];
    const child = fork(path, args, { execArgv: ["--expose-gc"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    endsWithUs(child, "SIGKILL");
    await once(child, "message");
    return new Member(child);
  }

  async tell<Answer>(order: GroupsOrder): Promise<Answer> {
    const answered = once(this.child, "message");
    this.child.send(order);
    const [answer] = (await Promise.race([answered, this.gone])) as [Answer];
    return answer;
  }

  async stop(): Promise<void> {
    if (this.child.connected) this.child.send({ do: "stop" } satisfies GroupsOrder);
    await this.gone.catch(() => {});
  }
}

async function begin(groups: number, place: string): Promise<readonly Member[]> {
  return Promise.all(IDS.map((id) => Member.start(id, groups, place)));
}

/** Adds groups `from … to − 1`, and waits until all that are there rest. */
async function found(members: readonly Member[], from: number, to: number): Promise<readonly GroupsFacts[]> {
  await Promise.all(members.map((member) => member.tell({ do: "add", from, to })));
  const voters = (await ask(members)).map(({ address }, i) => ({ id: IDS[i] as string, address }));
  await members[0]?.tell({ do: "found", voters, from, to });
  await untilAtRest(members, to);
  // What the founding left to do is done by then.
  await pause(SETTLED_AFTER_MS);
  return ask(members);
}

const ask = (members: readonly Member[]): Promise<GroupsFacts[]> =>
  Promise.all(members.map((member) => member.tell<GroupsFacts>({ do: "facts" })));
const pause = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

async function untilAtRest(members: readonly Member[], groups: number): Promise<void> {
  const deadline = performance.now() + REST_DEADLINE_MS;
  for (;;) {
    const resting = (await ask(members)).map((facts) => facts.resting);
    if (resting.every((count) => count === groups)) return;
    if (performance.now() > deadline)
      throw new Error(`after ${REST_DEADLINE_MS} ms only ${resting.join(", ")} of ${groups} groups rest`);
    await pause(1_000);
  }
}

async function measureIdle(): Promise<void> {
  const members = await begin(2 * idle, "idle");
  try {
    const first = Math.ceil(idle / 10);
    const begun = await found(members, 0, first);
    const warm = await found(members, first, idle);
    const cpu = () => Promise.all(members.map((member) => member.tell<number>({ do: "cpu" })));
    const cpuBefore = await cpu();
    await pause(ms);
    const percentOfACore = (await cpu()).map((cpuMs, i) => ((cpuMs - (cpuBefore[i] ?? 0)) / ms) * 100);
    const doubled = await found(members, idle, 2 * idle);
    const heapOfEach = (before: readonly GroupsFacts[], after: readonly GroupsFacts[], groups: number): number[] =>
      after.map(({ heapBytes }, i) => (heapBytes - (before[i]?.heapBytes ?? 0)) / 1_024 / groups);
    const kib = {
      heapKibPerGroup: heapOfEach(warm, doubled, idle),
      heapKibPerGroupWithCode: heapOfEach(begun, warm, idle - first),
      bufferKibPerGroup: doubled.map(
        ({ bufferBytes }, i) => (bufferBytes - (warm[i]?.bufferBytes ?? 0)) / 1_024 / idle,
      ),
    };
    const figures = { groups: idle, resting: warm[0]?.resting ?? 0, percentOfACore, ...kib };
    const rounded = JSON.stringify(figures, (_, value: unknown) =>
      typeof value === "number" ? Math.round(value * 100) / 100 : value,
    );
    if (process.argv.includes("--json")) console.log(JSON.stringify({ bench: "groups", ...conditions(), ...figures }));
    else console.log(`groups at rest, each of three processes (T ${flags.timeout} ms): ${rounded}`);
  } finally {
    for (const member of members) await member.stop();
  }
}

/** Each command is an entry in three logs. */
function sampleOf(loads: readonly GroupsLoad[]): Sample {
  const sum = (what: (load: GroupsLoad) => number): number => loads.reduce((total, load) => total + what(load), 0);
  const [perSecond, syncsPerSecond] = [sum((load) => load.perSecond), (sum(({ syncs }) => syncs) / ms) * 1_000];
  const facts = {
    leaders: loads.filter(({ led }) => led > 0).length,
    askedAnew: sum((load) => load.askedAnew),
    syncsPerSecond,
    entriesPerSync: (perSecond * IDS.length) / syncsPerSecond,
    cpuUsPerCommand: (sum(({ cpuMs }) => cpuMs) / ms / perSecond) * 1_000_000,
  };
  return { perSecond, facts };
}

async function measureActive(): Promise<void> {
  const members = await begin(active, "active");
  try {
    await found(members, 0, active);
    for (const member of members) await member.tell({ do: "balance" });
    const over = (groups: number) => async (): Promise<Sample> => {
      const order: GroupsOrder = { do: "load", groups, callers, warmUpMs: warmUp, ms };
      const sample = sampleOf(await Promise.all(members.map((member) => member.tell<GroupsLoad>(order))));
      const { askedAnew = 0 } = sample.facts ?? {};
      if (askedAnew > 0) console.error(`groups: leaders changed under load; callers looked for one ${askedAnew} times`);
      return sample;
    };
    // Unmeasured: in what comes first a command takes half as much CPU again, as most of its code is not compiled yet.
    for (const groups of [active, 1]) await over(groups)();
    const { one, many } = await inTurn(Number(flags.rounds), { many: over(active), one: over(1) });
    report("groups", { groups: active, callers, limitGroups: 1 }, { ours: many, limit: one });
  } finally {
    for (const member of members) await member.stop();
  }
}

announce("groups", `3 processes, TCP on loopback, shared file log; ${idle} idle groups, then ${active} against 1`);
try {
  await measureIdle();
  await measureActive();
} finally {
  directory.remove();
}
