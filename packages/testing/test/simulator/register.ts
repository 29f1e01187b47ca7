import { type CommandBatch, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { type Model, memoryKit, type Workload, type World } from "../../src/simulator.js";

type Registers = Readonly<Record<string, number>>;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** S01: laid out at the instant of the call. A generator would look at the state only when its first byte is asked for. */
export function saved(state: unknown): AsyncIterable<Uint8Array> {
  const bytes = encoder.encode(JSON.stringify(state));
  return (async function* () {
    yield bytes;
  })();
}

/** Registers by name; a command adds a number to one and returns the sum. */
export class RegisterMachine implements StateMachine<string, number> {
  protected registers: Record<string, number> = {};

  open() {
    return { appliedIndex: 0, formatVersion: 1 };
  }

  apply(batch: CommandBatch): readonly unknown[] {
    return batch.map((payload) => this.execute(payload));
  }

  protected execute(payload: Uint8Array): number {
    const [name = "", by = "0"] = decoder.decode(payload).split("+");
    return (this.registers[name] = (this.registers[name] ?? 0) + Number(by));
  }

  read(query: string): number {
    return this.registers[query] ?? 0;
  }

  snapshotSave(): AsyncIterable<Uint8Array> {
    return saved(this.sorted());
  }

  /** In one order, however they came about. */
  protected sorted(): [string, number][] {
    return Object.entries(this.registers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk);
    this.registers = Object.fromEntries(JSON.parse(text) as [string, number][]);
  }
}

export const registerModel: Model<Registers, Uint8Array, string> = {
  initial: () => ({}),
  apply(state, command) {
    const [name = "", by = "0"] = decoder.decode(command).split("+");
    const result = (state[name] ?? 0) + Number(by);
    return { state: { ...state, [name]: result }, result };
  },
  read: (state, name) => state[name] ?? 0,
};

export const registerWorkload: Workload<Uint8Array, string> = (random, client, turn) => {
  const name = `r${random.integer(0, 3)}`;
  return random.next() < 0.3
    ? { kind: "read", query: name }
    : { kind: "apply", command: encoder.encode(`${name}+${random.integer(1, 9)}+${client}.${turn}`) };
};

/** Registers on disks in memory. */
export const registerWorld: World = {
  model: registerModel,
  workload: registerWorkload,
  disks: memoryKit,
  modules: () => [
    new ContainerModule(({ bind }) => {
      bind(StateMachine).toConstantValue(new RegisterMachine());
    }),
  ],
};
