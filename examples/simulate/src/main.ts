import type { CommandBatch, StateMachine } from "@hexraft/core/ports";
import { simulate } from "@hexraft/testing/simulator";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sells seats of a hall, one name each, and says whether the seat was still free. */
class TicketOffice implements StateMachine<string, string | null> {
  protected seats = new Map<string, string>();

  open() {
    return { appliedIndex: 0, formatVersion: 1 };
  }

  apply(batch: CommandBatch) {
    return batch.map((command) => {
      const [seat = "", name = ""] = decoder.decode(command).split("=");
      if (this.seats.has(seat)) return false;
      this.seats.set(seat, name);
      return true;
    });
  }

  read(seat: string) {
    return this.seats.get(seat) ?? null;
  }

  async *snapshotSave() {
    yield encoder.encode(JSON.stringify([...this.seats]));
  }

  async snapshotLoad(bytes: AsyncIterable<Uint8Array>) {
    const chunks: string[] = [];
    for await (const chunk of bytes) chunks.push(decoder.decode(chunk));
    this.seats = new Map(JSON.parse(chunks.join("")) as [string, string][]);
  }
}

/** The planted bug: a generator's body runs when it is read, and by then more seats are sold than the snapshot may show. */
class HastyOffice extends TicketOffice {
  override async *snapshotSave() {
    for (const seat of this.seats) yield encoder.encode(`${JSON.stringify(seat)}\n`);
  }

  override async snapshotLoad(bytes: AsyncIterable<Uint8Array>) {
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk);
    this.seats = new Map(
      text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as [string, string]])),
    );
  }
}

/** The same, with the copy taken at the instant of the call. */
class CarefulOffice extends HastyOffice {
  override snapshotSave() {
    const copy = [...this.seats];
    return (async function* () {
      for (const seat of copy) yield encoder.encode(`${JSON.stringify(seat)}\n`);
    })();
  }
}

const closesAtMs = Date.now() + 3_600_000;

/** Another bug: each replica looks at its own clock. Within an hour no run would differ for it, and at the end of it all replicas may. */
class ClosingOffice extends CarefulOffice {
  override apply(batch: CommandBatch) {
    return Date.now() < closesAtMs ? super.apply(batch) : batch.map(() => false);
  }
}

const service = {
  // What a ticket office does, without a network, a disk or a crash.
  model: {
    initial: (): ReadonlyMap<string, string> => new Map(),
    apply(seats: ReadonlyMap<string, string>, command: Uint8Array) {
      const [seat = "", name = ""] = decoder.decode(command).split("=");
      return seats.has(seat)
        ? { state: seats, result: false }
        : { state: new Map([...seats, [seat, name]]), result: true };
    },
    read: (seats: ReadonlyMap<string, string>, seat: string) => seats.get(seat) ?? null,
  },
  workload(random: { next(): number; integer(low: number, high: number): number }, client: number, turn: number) {
    const seat = `seat ${random.integer(1, 500)}`;
    return random.next() < 0.3
      ? { kind: "read" as const, query: seat }
      : { kind: "apply" as const, command: encoder.encode(`${seat}=customer ${client}.${turn}`) };
  },
};

const hasty = await simulate({ ...service, stateMachine: () => new HastyOffice(), seeds: 50 });
if (hasty.failure === undefined) throw new Error("the planted bug was not found");
console.log(`the hasty office, ${hasty.seeds} seeds: ${hasty.failure.violation?.message}`);

const closing = await simulate({ ...service, stateMachine: () => new ClosingOffice(), seeds: 1 });
if (closing.failure?.violation?.invariant !== "F07") throw new Error("the clock in apply was not found");
console.log(`the closing office: ${closing.failure.violation.message}`);

const careful = await simulate({ ...service, stateMachine: () => new CarefulOffice(), seeds: 10 });
if (careful.text !== "") throw new Error(careful.text);
console.log(
  `the careful office, ${careful.seeds} seeds: ${careful.coverage["calls.ok"]} calls answered, nothing broken`,
);
