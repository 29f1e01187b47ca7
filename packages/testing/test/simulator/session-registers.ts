import { type CommandBatch, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import type { Model, Sessions } from "../../src/simulator.js";
import { RegisterMachine, registerModel, saved } from "./register.js";

/** So many clients are known at a time; one more makes the one that was silent longest a stranger (C04). */
const SESSIONS_MAX = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Who is known: the session's number is the index of its registration; the one that was silent longest comes first. */
type Table = readonly {
  readonly session: number;
  readonly nonce: string;
  /** The newest number, and its result: its client has one command under way at a time. */
  readonly sequence: number;
  readonly result: unknown;
}[];

/** `open nonce`, or `say session sequence command`. */
const laid = (...words: readonly (string | number)[]): Uint8Array => encoder.encode(words.join(" "));

/** C03, as simply as it can be told: what a command makes of the table, and what it is answered. `execute` is the service; `again` hears of what was said before. */
function hear(
  table: Table,
  payload: Uint8Array,
  index: number,
  execute: (command: Uint8Array) => unknown,
  again: (command: Uint8Array) => void,
): { readonly table: Table; readonly result: unknown } {
  const [verb, ...words] = decoder.decode(payload).split(" ");
  if (verb === "open") {
    const nonce = words[0] as string;
    const known = table.find((each) => each.nonce === nonce);
    const session = known ?? { session: index, nonce, sequence: 0, result: undefined };
    return { table: last(table, session), result: session.session };
  }
  const known = table.find(({ session }) => session === Number(words[0]));
  if (known === undefined) return { table, result: "who?" };
  const sequence = Number(words[1]);
  const command = encoder.encode(words[2]);
  const isRepeat = sequence === known.sequence;
  if (isRepeat) again(command);
  const result = isRepeat ? known.result : execute(command);
  return { table: last(table, { ...known, sequence, result }), result };
}

const last = (table: Table, session: Table[number]): Table =>
  [...table.filter((each) => each.session !== session.session), session].slice(-SESSIONS_MAX);

/** Registers whose clients are known, and may say a command again. */
export class SessionRegisters extends RegisterMachine {
  protected table: Table = [];

  override apply(batch: CommandBatch): readonly unknown[] {
    return batch.map((payload, index) => {
      const execute = (command: Uint8Array): unknown => this.execute(command);
      const { table, result } = hear(this.table, payload, index, execute, (command) => this.repeated(command));
      this.table = table;
      return result;
    });
  }

  /** A command was said again. It is answered as before; what else is done? Nothing. */
  protected repeated(_command: Uint8Array): void {}

  override snapshotSave(): AsyncIterable<Uint8Array> {
    return saved([this.table, this.sorted()]);
  }

  override async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk);
    const [table, registers] = JSON.parse(text) as [Table, [string, number][]];
    this.table = table;
    this.registers = Object.fromEntries(registers);
  }
}

type Registers = ReturnType<typeof registerModel.initial>;

const model: Model<{ readonly table: Table; readonly registers: Registers }, Uint8Array, string> = {
  initial: () => ({ table: [], registers: registerModel.initial() }),
  apply({ table, registers }, payload, at) {
    let after = registers;
    const execute = (command: Uint8Array): unknown => {
      const step = registerModel.apply(registers, command, at);
      after = step.state;
      return step.result;
    };
    const heard = hear(table, payload, at.index, execute, () => {});
    return { state: { table: heard.table, registers: after }, result: heard.result };
  },
  read: ({ registers }, name) => registerModel.read(registers, name),
};

/** How clients of these registers use sessions. */
export const registerSessions = (make: () => StateMachine): Sessions => ({
  modules: () => [
    new ContainerModule(({ bind }) => {
      bind(StateMachine).toConstantValue(make());
    }),
  ],
  model,
  open: (nonce) => laid("open", nonce.join(".")),
  opened: (answer) => answer as number,
  inSession: ({ session, sequence }, command) => laid("say", session, sequence, decoder.decode(command as Uint8Array)),
  isExpired: (answer) => answer === "who?",
  audit: ["r0", "r1", "r2", "r3"],
});
