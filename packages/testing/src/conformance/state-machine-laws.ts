import { CommandBatch, EntryType, LogBlock, Rejected, type StateMachine } from "@hexraft/core/ports";
import { watchDeterminism } from "../determinism/watch-determinism.js";
import { crc32 } from "../time/crc32.js";
import { SeededRandom } from "../time/seeded-random.js";
import { check, gathered, lent, pieces, same } from "./check.js";
import type { Law } from "./law.js";
import { type LawSuite, lawSuite } from "./law-suite.js";

/** What the StateMachine laws need of an adapter. */
export interface StateMachineFixture {
  /** A new one, with an empty state. */
  create(): StateMachine;
  /** At least eight encoded commands that together touch all that the state machine can do; all of them are applied. */
  readonly commands: readonly Uint8Array[];
  /** Encoded commands that are rejected (F01) once `commands` were applied. Empty if there are none. */
  readonly rejected: readonly Uint8Array[];
  /** Queries, to be answered once `commands` were applied. */
  readonly queries: readonly unknown[];
}

const LOG_TIME_MS = 1_700_000_000_000;

/** A replica of a group whose leader of term 1 appends commands behind its own first entry. */
class Replica {
  /** Of the last entry applied; entry 1 is the leader's own. */
  index = 1;
  readonly results: unknown[] = [];

  private constructor(
    readonly machine: StateMachine,
    private readonly formatVersion: number,
  ) {}

  static async open(fixture: StateMachineFixture): Promise<Replica> {
    const machine = fixture.create();
    const { formatVersion } = await machine.open();
    return new Replica(machine, formatVersion);
  }

  async apply(commands: readonly Uint8Array[]): Promise<readonly unknown[]> {
    if (commands.length === 0) return [];
    const block = LogBlock.of(this.index + 1, 1, LOG_TIME_MS, EntryType.command, commands);
    this.index = block.last;
    const results = await this.machine.apply(new CommandBatch([block], block.first, block.last));
    this.results.push(...results);
    return results;
  }

  snapshot(): Promise<Uint8Array> {
    return gathered(this.machine.snapshotSave());
  }

  async load(origin: Replica, bytes: Uint8Array, chunkBytes = 1_000): Promise<void> {
    this.index = origin.index;
    const { snapshotBytesHeldMax: heldBytesMax } = this.machine;
    const chunks = pieces(bytes, chunkBytes);
    await this.machine.snapshotLoad(heldBytesMax === undefined ? chunks : lent(chunks, heldBytesMax), {
      id: { index: this.index, term: 1 },
      formatVersion: this.formatVersion,
    });
  }

  async hash(): Promise<string> {
    return this.machine.stateHash?.() ?? String(crc32.crc32(await this.snapshot()));
  }
}

/** What every StateMachine must do. Each law gets new ones from `factory`. */
export const stateMachineLaws = (factory: () => StateMachineFixture): LawSuite => {
  const law = (id: string, why: string, run: (fixture: StateMachineFixture) => Promise<void>): Law => ({
    id,
    why,
    run: async () => run(factory()),
  });
  const full = async (fixture: StateMachineFixture) => {
    const replica = await Replica.open(fixture);
    await replica.apply(fixture.commands);
    return replica;
  };
  return lawSuite("StateMachine laws", [
    law(
      "F05 F06 open says a format of at least 1, and an applied index it really holds",
      "a state that claims too much is not replayed, and misses entries",
      async (fixture) => {
        const { appliedIndex, formatVersion, firstFormat = 1 } = await fixture.create().open();
        check(Number.isInteger(formatVersion) && formatVersion >= 1, `format ${formatVersion}`);
        check(
          Number.isInteger(firstFormat) && firstFormat >= 1 && firstFormat <= formatVersion,
          `first format ${firstFormat}`,
        );
        check(Number.isInteger(appliedIndex) && appliedIndex >= 0, `applied index ${appliedIndex}`);
      },
    ),
    law(
      "R14 F02 every command has one result, in order",
      "results are handed to callers by position: one too few answers everybody wrongly",
      async (fixture) => {
        const { results } = await full(fixture);
        same(results.length, fixture.commands.length, "results");
        check(fixture.commands.length >= 8, "the fixture must bring at least eight commands");
      },
    ),
    law(
      "F07 the same log gives the same state and results on every replica",
      "replicas that differ answer differently, for ever",
      async (fixture) => {
        const [a, b] = [await full(fixture), await full(fixture)];
        same(await a.hash(), await b.hash(), "state hash");
        same(a.results, b.results, "results");
      },
    ),
    law(
      "R14 how the log is cut into batches changes nothing",
      "batches are an accident of the moment, and differ between replicas and after a restart",
      async (fixture) => {
        const whole = await full(fixture);
        const random = new SeededRandom("batches");
        for (const sizeMax of [1, 3, fixture.commands.length]) {
          const replica = await Replica.open(fixture);
          for (let at = 0; at < fixture.commands.length; ) {
            const size = random.integer(1, sizeMax);
            await replica.apply(fixture.commands.slice(at, at + size));
            at += size;
          }
          same(await replica.hash(), await whole.hash(), `state hash with batches of at most ${sizeMax}`);
          same(replica.results, whole.results, "results");
        }
      },
    ),
    law(
      "F07 the state depends on the order of commands that touch one another",
      "a hash that never changes proves nothing",
      async (fixture) => {
        const empty = await Replica.open(fixture);
        check((await empty.hash()) !== (await (await full(fixture)).hash()), "the commands left no trace in the hash");
      },
    ),
    law(
      "S01 R16 a snapshot restores the same state, however it is cut into chunks, and whatever becomes of them once it said that it is done with them",
      "a restarted node has nothing else",
      async (fixture) => {
        const origin = await full(fixture);
        const bytes = await origin.snapshot();
        for (const chunkBytes of [1, 7, 1 << 20]) {
          const restored = await Replica.open(fixture);
          await restored.load(origin, bytes, chunkBytes);
          same(await restored.hash(), await origin.hash(), `state hash, chunks of ${chunkBytes}`);
        }
      },
    ),
    law(
      "S01 R16 a snapshot and the rest of the log is the whole log",
      "a node that caught up by snapshot must not differ from one that replayed",
      async (fixture) => {
        const whole = await full(fixture);
        for (let cut = 0; cut <= fixture.commands.length; cut++) {
          const [head, tail] = [await Replica.open(fixture), await Replica.open(fixture)];
          await head.apply(fixture.commands.slice(0, cut));
          await tail.load(head, await head.snapshot());
          const results = await tail.apply(fixture.commands.slice(cut));
          same(await tail.hash(), await whole.hash(), `state hash, cut after ${cut}`);
          same(results, whole.results.slice(cut), "results");
        }
      },
    ),
    law(
      "S01 a snapshot shows the state at the instant of the call, whatever is applied meanwhile",
      "a payload newer than its index applies those entries twice",
      async (fixture) => {
        const half = Math.floor(fixture.commands.length / 2);
        const [still, moving] = [await Replica.open(fixture), await Replica.open(fixture)];
        for (const replica of [still, moving]) await replica.apply(fixture.commands.slice(0, half));
        const begun = moving.machine.snapshotSave();
        await moving.apply(fixture.commands.slice(half));
        const [restored, bytes] = [await Replica.open(fixture), await gathered(begun)];
        await restored.load(still, bytes);
        same(await restored.hash(), await still.hash(), "state hash");
      },
    ),
    law(
      "S05 loading replaces the whole state",
      "what shines through of the old state is on this replica alone",
      async (fixture) => {
        const [empty, used] = [await Replica.open(fixture), await full(fixture)];
        await used.load(empty, await empty.snapshot());
        same(await used.hash(), await empty.hash(), "state hash");
      },
    ),
    law(
      "F07 equal states save equal bytes",
      "replicas are compared byte for byte when somebody must find out which one is wrong",
      async (fixture) => {
        const [replayed, restored] = [await full(fixture), await Replica.open(fixture)];
        const bytes = await replayed.snapshot();
        await restored.load(replayed, bytes);
        same(await restored.snapshot(), bytes, "snapshot of the restored one");
      },
    ),
    law(
      "F01 a rejected command is a returned Rejected, the same everywhere, and leaves no trace",
      "a command that fails after changing half of its keys differs from one that was never there",
      async (fixture) => {
        if (fixture.rejected.length === 0) return;
        const [a, b] = [await full(fixture), await full(fixture)];
        const [hash, bytes] = [await a.hash(), await a.snapshot()];
        const results = await a.apply(fixture.rejected);
        for (const [i, result] of results.entries()) {
          check(result instanceof Rejected && result.code.length > 0, `result ${i} is no Rejected: ${String(result)}`);
        }
        same([await a.hash(), await a.snapshot()], [hash, bytes], "state afterwards");
        same(await b.apply(fixture.rejected), results, "the other replica's results");
      },
    ),
    law(
      "R14 the input is not changed, and may be changed afterwards by nobody else's doing",
      "payloads are shared with the log: what apply scribbles there is sent to followers",
      async (fixture) => {
        const copies = [...fixture.commands, ...fixture.rejected].map((command) => command.slice());
        const replica = await full(fixture);
        await replica.apply(fixture.rejected);
        same([...fixture.commands, ...fixture.rejected], copies, "payloads");
      },
    ),
    law(
      "Q01 reading changes nothing",
      "reads are not in the log: a replica that was asked would differ from one that was not",
      async (fixture) => {
        const replica = await full(fixture);
        const hash = await replica.hash();
        const answers: unknown[] = [];
        for (const query of [...fixture.queries, ...fixture.queries]) answers.push(await replica.machine.read(query));
        same(answers.slice(fixture.queries.length), answers.slice(0, fixture.queries.length), "second answers");
        same(await replica.hash(), hash, "state hash");
      },
    ),
    law(
      "F07 apply asks neither the clock nor chance, and begins nothing that comes back later",
      "every replica would get another answer, at another moment",
      async (fixture) => {
        const told: string[] = [];
        const create = () => watchDeterminism(fixture.create(), { report: ({ text }) => told.push(text) });
        const replica = await Replica.open({ ...fixture, create });
        await replica.apply([...fixture.commands, ...fixture.rejected]);
        same(told, [], "told");
      },
    ),
  ]);
};
