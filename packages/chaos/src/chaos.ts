import { setTimeout as sleep } from "node:timers/promises";
import { HexraftClient } from "@hexraft/client";
import { SeededRandom } from "@hexraft/testing";
import { Arena, type NetworkKind } from "./arena.js";
import { Availability } from "./availability.js";
import { Journal } from "./journal.js";
import type { Caller, HistoryBounds } from "./key-history.js";
import { Registers } from "./registers.js";
import { Striker } from "./striker.js";

/** What is wanted of a run. */
export interface ChaosOptions {
  /** How long clients and faults go on, ms. */
  readonly durationMs: number;
  /** Chooses faults and operations. The processes have times of their own: the same seed is not the same run. */
  readonly seed: number | string;
  /** What lies between the nodes; `namespaces` wants the process to be in a room. */
  readonly network: NetworkKind;
  /** Hears what happens, line by line. */
  readonly say: (line: string) => void;
  /** Hears what cannot be tried on this machine, line by line. */
  readonly warn: (line: string) => void;
  /** Ends the run early; nothing of it is left behind. */
  readonly signal: AbortSignal;
}

/** What a run found. */
export interface ChaosVerdict {
  /** Operations that were answered. */
  readonly operations: number;
  /** Faults that struck. */
  readonly faults: number;
  /** Acknowledged writes that were not there in the end. */
  readonly lost: number;
  /** Whether every key's history has an order that explains it. */
  readonly linearizable: boolean;
  /** Keys whose history could not be decided. */
  readonly undecided: number;
  /** The longest time without any answered operation, ms, faults that leave no majority included. */
  readonly maxUnavailableMs: number;
  /** How much of that time no majority of the nodes was up and joined, ms: nobody could have answered then. */
  readonly noMajorityMs: number;
}

/** Clients, and callers that share one, each with one operation under way. */
const CLIENTS = 6;
const CALLERS_PER_CLIENT = 8;
/** Readers that ask one node only, for each node: one that was deposed and does not know must not answer them. */
const READERS_PER_NODE = 2;
const READER_DEADLINE_MS = 400;
const READER_BACKOFF_MAX_MS = 20;
const DEADLINE_MS = 1_500;
/** Between two operations of a caller, ms. */
const PACE_MS = 10;
/** One operation in so many goes to the journal. */
const JOURNAL_EVERY = 8;
const REGISTERS = 12;
const BOUNDS: HistoryBounds = { operationsMax: 400, unknownMax: 4 };
/** Whether there is a majority is looked at so often: faults last for hundreds of ms. */
const MAJORITY_EVERY_MS = 10;
/** An outage of this length is worth a line: faults of less than that, and some elections, are what this is about. */
const OUTAGE_TOLD_MS = 1_000;
const FIRST_ANSWER_WITHIN_MS = 30_000;
/** What is looked up in the end may wait for an election. */
const LAST_DEADLINE_MS = 20_000;

/** A run's verdict is good: nothing lost, every history explained. */
export const isSound = ({ lost, linearizable, undecided }: ChaosVerdict): boolean =>
  lost === 0 && linearizable && undecided === 0;

/**
 * Three real processes behind a faulty network, real clients, faults; then everything that the clients saw is checked.
 *
 * @throws Error if it could not be brought to its end: a node ended by itself, or the nodes never became equal.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosVerdict> {
  const over = new AbortController();
  const random = new SeededRandom(options.seed);
  const arena = new Arena(
    options.network,
    () => random.next(),
    (reason) => over.abort(reason),
  );
  const onAbort = () => over.abort(options.signal.reason);
  const atExit = () => arena.closeNow();
  process.once("exit", atExit);
  const clients: HexraftClient[] = [];
  const pinned: HexraftClient[] = [];
  try {
    options.signal.addEventListener("abort", onAbort);
    options.signal.throwIfAborted();
    for (const line of await arena.start()) options.warn(line);
    clients.push(
      ...Array.from(
        { length: CLIENTS },
        () => new HexraftClient({ endpoints: arena.endpoints, connectTimeoutMs: DEADLINE_MS / 3 }),
      ),
    );
    pinned.push(
      ...arena.endpoints.map(
        (endpoint) =>
          new HexraftClient({
            endpoints: [endpoint],
            connectTimeoutMs: READER_DEADLINE_MS,
            backoffMaxMs: READER_BACKOFF_MAX_MS,
          }),
      ),
    );
    return await new Run(arena, clients, pinned, random, options, over).toTheEnd();
  } catch (error) {
    options.say(arena.logs());
    throw error;
  } finally {
    options.signal.removeEventListener("abort", onAbort);
    for (const client of [...clients, ...pinned]) client.close();
    await arena.close();
    process.off("exit", atExit);
  }
}

class Run {
  private readonly availability: Availability;
  private readonly journal = new Journal();
  private readonly registers: Registers;
  private operations = 0;
  private faults = 0;
  private calling = true;
  private readonly begunMs = performance.now();

  constructor(
    private readonly arena: Arena,
    private readonly clients: readonly HexraftClient[],
    private readonly pinned: readonly HexraftClient[],
    private readonly random: SeededRandom,
    private readonly options: ChaosOptions,
    private readonly over: AbortController,
  ) {
    this.registers = new Registers(REGISTERS, BOUNDS, () => random.next());
    this.availability = new Availability(OUTAGE_TOLD_MS, ({ fromMs, lastedMs, withoutMajorityMs }) => {
      const [lasted, without] = [lastedMs, withoutMajorityMs].map(Math.round);
      this.tell(`nobody was answered for ${lasted} ms, ${without} ms of it without a majority`, fromMs);
    });
  }

  async toTheEnd(): Promise<ChaosVerdict> {
    const { arena, availability, clients, options, random } = this;
    const { signal } = this.over;
    const first = clients[0] as HexraftClient;
    const auditor: Caller = { name: "auditor", client: first, deadlineMs: LAST_DEADLINE_MS };
    await first.put("begun", "yes", { deadlineMs: FIRST_ANSWER_WITHIN_MS });
    const callers = clients.flatMap((client, i) =>
      Array.from({ length: CALLERS_PER_CLIENT }, (_, j) =>
        this.call({ name: `${i}.${j}`, client, deadlineMs: DEADLINE_MS }),
      ),
    );
    const readers = this.pinned.flatMap((client, i) =>
      Array.from({ length: READERS_PER_NODE }, (_, j) =>
        this.readOn({ name: `reader ${i}.${j}`, client, deadlineMs: READER_DEADLINE_MS }),
      ),
    );
    const striker = new Striker(arena, clients, random, (what, atMs) => {
      this.faults++;
      this.tell(what, atMs);
    });
    const looking = setInterval(() => availability.looked(performance.now(), arena.hasMajority), MAJORITY_EVERY_MS);
    const auditing = this.audit({ ...auditor, deadlineMs: DEADLINE_MS });
    // Whoever fails first ends the others.
    const workers = [...callers, ...readers, auditing].map((worker) =>
      worker.catch((error: Error) => this.over.abort(error)),
    );
    try {
      await striker.strike(performance.now() + options.durationMs, signal);
    } finally {
      this.calling = false;
      clearInterval(looking);
      availability.end(performance.now());
      await Promise.all(workers);
    }
    signal.throwIfAborted();
    await arena.heal();
    this.registers.finish();
    while ((await this.registers.settle(auditor)) > 0) signal.throwIfAborted();
    await arena.converged(signal);
    const lost = await this.journal.lost(first);
    const { checked, contradictions, undecided } = this.registers.findings;
    options.say(`${checked} keys were checked, ${contradictions.length} contradict themselves`);
    for (const contradiction of contradictions) options.say(contradiction);
    const { operations, faults } = this;
    const linearizable = contradictions.length === 0 && undecided === 0;
    const { lastedMs, withoutMajorityMs } = availability.worst;
    const maxUnavailableMs = Math.round(lastedMs);
    const noMajorityMs = Math.round(withoutMajorityMs);
    return { operations, faults, lost, linearizable, undecided, maxUnavailableMs, noMajorityMs };
  }

  /** One caller: one operation after the other, until the run is over. */
  private async call(caller: Caller): Promise<void> {
    for (let turn = 1; this.calling && !this.over.signal.aborted; turn++) {
      const answered =
        turn % JOURNAL_EVERY === 0
          ? await this.journal.write(caller.client, caller.deadlineMs)
          : await this.registers.turn(caller, `${caller.name}.${turn}`);
      if (answered && this.calling) {
        this.operations++;
        this.availability.success(performance.now());
      }
      await sleep(PACE_MS);
    }
  }

  /** One who only reads, and whose answers count when they contradict somebody. */
  private async readOn(reader: Caller): Promise<void> {
    while (this.calling && !this.over.signal.aborted) {
      await this.registers.read(reader);
      await sleep(PACE_MS);
    }
  }

  /** Checks the keys that are finished while others are being asked. */
  private async audit(auditor: Caller): Promise<void> {
    while (this.calling && !this.over.signal.aborted) {
      await this.registers.settle(auditor);
      await sleep(100);
    }
  }

  /** What happened, and when. */
  private tell(what: string, atMs: number): void {
    this.options.say(`${((atMs - this.begunMs) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
  }
}
