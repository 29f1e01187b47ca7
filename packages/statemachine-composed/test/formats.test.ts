import { Codec, RaftError, StateMachine } from "@hexraft/core/ports";
import { type JournalMachine, journalCodec, TestCluster } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import {
  ComposedCodec,
  type ComposedCommand,
  ComposedStateMachine,
  composed,
  type FormatsOfParts,
  type PartResult,
  type Parts,
  part,
} from "../src/index.js";
import { Tally, tallyCodec } from "./support.js";

/** A tally of one release: what it was told of formats is recorded, and what its codec was told. */
class Released extends Tally {
  readonly heard: number[] = [];
  readonly loadedIn: number[] = [];
  formatOpened = (formatVersion: number): void => void this.heard.push(formatVersion);
  constructor(formatVersion: number, firstFormat = 1) {
    super();
    this.open = () => ({ appliedIndex: 0, formatVersion, firstFormat });
  }
  override async snapshotLoad(bytes: AsyncIterable<Uint8Array>, about: { readonly formatVersion: number }) {
    this.loadedIn.push(about.formatVersion);
    await super.snapshotLoad(bytes, { formatVersion: 3 });
  }
}
const of = (machine: Tally) => part(() => machine, tallyCodec);
const ABOUT = { id: { index: 9, term: 1 }, formatVersion: 1 };
const reason = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof RaftError ? `${error.code}: ${error.message}` : String(error)),
  );

describe("F05 formats of parts", () => {
  /** Three releases: `a` became newer, then `b`, and `c` came. */
  const HISTORY: readonly FormatsOfParts[] = [
    { a: 1, b: 2 },
    { a: 3, b: 2 },
    { a: 3, b: 4, c: 1 },
  ];
  const made = (formats = HISTORY, a = new Released(3), b = new Released(4, 2), c = new Released(1)) => {
    const parts: Parts = { a: of(a), b: of(b), c: of(c) };
    return { machine: new ComposedStateMachine(parts, { formats }), a, b, c };
  };

  it("F05 a part hears its own format when the whole's is opened that brings it, and of no other", async () => {
    const { machine, a, b, c } = made();
    expect(await machine.open()).toEqual({ appliedIndex: 0, formatVersion: 3, firstFormat: 1 });
    expect([a.heard, b.heard, c.heard]).toEqual([[], [], []]);
    machine.formatOpened?.(2);
    expect([a.heard, b.heard, c.heard]).toEqual([[3], [], []]);
    machine.formatOpened?.(3);
    expect([a.heard, b.heard, c.heard]).toEqual([[3], [4], []]);
    // What was skipped is opened with the rest.
    const late = made();
    await late.machine.open();
    late.machine.formatOpened?.(3);
    expect([late.a.heard, late.b.heard]).toEqual([[3], [4]]);
  });

  it("F05 a group begins with the oldest format that every part still writes, and the parts with theirs", async () => {
    const { machine, a, b } = made(HISTORY, new Released(3), new Released(4, 4));
    expect(await machine.open()).toMatchObject({ formatVersion: 3, firstFormat: 3 });
    expect([a.heard, b.heard]).toEqual([[3], []]);
  });

  it("F05 F03 a part's codec is told its own open format, and a part that not every member has yet takes nothing", () => {
    const told: unknown[] = [];
    const listening = {
      ...tallyCodec,
      encodeCommand: (command: number, open?: number) => (told.push(open), tallyCodec.encodeCommand(command)),
    };
    const some = part(() => new Tally(), listening);
    const codec = new ComposedCodec({ a: some, b: some, c: some }, { formats: HISTORY });
    for (const open of [1, 2, 3, undefined])
      for (const to of ["a", "b"] as const) codec.encodeCommand({ to, command: 1 }, open);
    expect(told).toEqual([1, 2, 3, 2, 3, 4, undefined, undefined]);
    expect(() => codec.encodeCommand({ to: "c", command: 1 }, 2)).toThrow(/format 2 is open, in which there is no c/);
    codec.encodeCommand({ to: "c", command: 1 }, 3);
  });

  it("F05 a snapshot is written in what is open, and a part that is too new, or of another history, is refused by name", async () => {
    const { machine } = made();
    await machine.open();
    const old = new ComposedStateMachine(
      { a: of(new Released(1)), b: of(new Released(2, 2)) },
      { formats: HISTORY.slice(0, 1) },
    );
    await old.open();
    expect(await reason(old.snapshotLoad(machine.snapshotSave(), ABOUT))).toBe("done");
    machine.formatOpened?.(3);
    // The core refuses by the number of the whole; that of a part is looked at as well.
    expect(await reason(old.snapshotLoad(machine.snapshotSave(), { ...ABOUT, formatVersion: 3 }))).toContain(
      "has format 3, and 1 is known here",
    );
    expect(await reason(old.snapshotLoad(machine.snapshotSave(), ABOUT))).toMatch(
      /^FormatUnknown: .*holds a in format 3, and the one here knows 1/,
    );
    const other = made([
      { a: 1, b: 2 },
      { a: 1, b: 4 },
      { a: 3, b: 4, c: 1 },
    ]);
    await other.machine.open();
    const second = made();
    await second.machine.open();
    second.machine.formatOpened?.(2);
    const said = reason(other.machine.snapshotLoad(second.machine.snapshotSave(), { ...ABOUT, formatVersion: 2 }));
    expect(await said).toContain("holds a in format 3, where the formats listed here say 1: they are another history");
    // What it holds is what its label says.
    const heir = made();
    await heir.machine.open();
    heir.machine.formatOpened?.(2);
    await heir.machine.snapshotLoad(second.machine.snapshotSave(), { ...ABOUT, formatVersion: 2 });
    expect([heir.a.loadedIn, heir.b.loadedIn, heir.c.loadedIn]).toEqual([[3], [2], []]);
  });

  it("F05 without a list no part is made to wait: each is told its newest format before the first command", async () => {
    const [a, b] = [new Released(3), new Released(1)];
    const machine = new ComposedStateMachine({ a: of(a), b: of(b) });
    expect(await machine.open()).toEqual({ appliedIndex: 0, formatVersion: 1 });
    expect([machine.formatOpened, a.heard, b.heard]).toEqual([undefined, [3], []]);
  });

  it("F05 O05 a list that is no history of these parts is refused with its line", async () => {
    const parts = { a: of(new Released(3)), b: of(new Released(4)) };
    for (const [formats, why] of [
      [[], "must be from 1 to 65535 lines"],
      [[{ a: 3 }], "must name b in its last line"],
      [[{ a: 3, b: 4, d: 1 }], 'line 1: there is no state machine "d"'],
      [[{ a: 0, b: 4 }], "line 1: the format of a must be a whole number"],
      [[{ a: 3 }, { b: 4 }], "line 2: a was there before, in format 3"],
      [[{ a: 3 }, { a: 2, b: 4 }], "line 2: a was there before, in format 3"],
    ] as const)
      expect(() => composed(parts, { formats } as never)).toThrow(why);
    const opening = (formats: readonly FormatsOfParts[], given: Parts = parts) =>
      reason(new ComposedStateMachine(given, { formats }).open());
    expect(await opening([{ a: 2, b: 4 }])).toContain("must end with a in format 3, which it knows; add a line");
    expect(await opening([{ a: 1 }, { a: 3, b: 4 }], { ...parts, a: of(new Tally()) })).toContain(
      "must say 3 of a in every line: it does not hear of formats",
    );
  });
});

describe("F05 a composed state machine, upgraded node by node", () => {
  const T = 150;
  /** The journal became newer, the tally did not, and notes came. */
  const FORMATS: readonly FormatsOfParts[] = [
    { journal: 1, tally: 3 },
    { journal: 2, tally: 3, notes: 1 },
  ];

  /** What a test says in lines is the journal's. */
  class LinesCodec extends ComposedCodec<Parts> {
    override encodeCommand(given: ComposedCommand<Parts> | string, openFormat?: number): Uint8Array {
      return super.encodeCommand(typeof given === "string" ? { to: "journal", command: given } : given, openFormat);
    }
  }
  const partsOf = (journal: StateMachine, release: number): Parts => {
    const old: Parts = { journal: part(() => journal, journalCodec), tally: of(new Released(3)) };
    return release < 2 ? old : { ...old, notes: of(new Released(1)) };
  };
  const release = async (on: TestCluster, id: string, formatVersion: number): Promise<void> => {
    await on.member(id).stop();
    on.member(id).formatVersion = formatVersion;
    await on.restart(id);
    await on.settled();
  };

  it("F05 F04 each part's new commands are refused until every member has the release, and applied by all afterwards", async () => {
    const around = new ContainerModule(({ onActivation }) => {
      onActivation(Codec, () => new LinesCodec(partsOf({} as never, 2), { formats: FORMATS }));
      onActivation(StateMachine, (_context, journal) => {
        const { formatVersion } = journal as unknown as JournalMachine;
        return new ComposedStateMachine(partsOf(journal, formatVersion), { formats: FORMATS.slice(0, formatVersion) });
      });
    });
    const on = new TestCluster({ seed: 9, modules: [around] });
    await on.start();
    await on.awaitLeader();
    const tell = (command: unknown) =>
      reason(on.time.settled(on.leader()?.node.apply(command as never) as Promise<unknown>, 40 * T)).then(
        (told) => told,
      );
    const sum = async (to: string) => {
      const leader = await on.awaitLeader();
      const { result } = (await on.time.settled(leader.node.apply({ to, command: 1 } as never), 40 * T)) as PartResult;
      return result;
    };
    await on.applied("old");
    expect(await sum("tally")).toBe(1);
    for (const id of ["n1", "n2", "n3"]) {
      expect(await tell("format 2: too early")).toMatch(/not every member knows format 2 of journals/);
      // A node of the old release does not know them, one of the new one that not all do.
      expect(await tell({ to: "notes", command: 1 })).toMatch(/there is no (?:notes|state machine "notes")/i);
      await release(on, id, 2);
      await on.applied(`behind ${id}`);
    }
    await on.until(() => on.up.every(({ node }) => node.openFormat === 2), 40 * T, "the gate is applied by all");
    await on.applied("format 2: now");
    expect([await sum("notes"), await sum("tally")]).toEqual([1, 2]);
    await on.converged();
    for (const { machine } of on.up) {
      expect(machine.lines.map(({ text }) => text)).toEqual([
        "old",
        "behind n1",
        "behind n2",
        "behind n3",
        "format 2: now",
      ]);
      const heard = machine.calls.filter(({ call }) => call === "formatOpened");
      expect(heard).toEqual([{ call: "formatOpened", formatVersion: 2 }]);
    }
    // Behind the gate there is no way back, by a snapshot or by the log.
    for (const { node } of on.up) await on.time.settled(node.snapshot(), 40 * T);
    await on.member("n3").stop();
    on.member("n3").formatVersion = 1;
    await expect(on.restart("n3")).rejects.toThrow(/has format 2, and this state machine knows 1.*Start the release/s);
    on.crash("n3");
    on.dispose();
  });
});
