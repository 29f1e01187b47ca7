import type { ServiceCodec } from "@hexraft/client";
import { Codec, type CommandBatch, RaftError, Rejected, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";

/** Adds so much to what is counted under a name; more than 1,000 is rejected by the state machine. */
export interface TallyCommand {
  readonly add: number;
  readonly to: string;
}
export type TallyResult = number | Rejected;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (said: string): Uint8Array => new TextEncoder().encode(said);

/** A user's own codec: words with a blank between them. */
export const tallyCodec: ServiceCodec<TallyCommand, TallyResult, string, number> = {
  encodeCommand: ({ add, to }) => {
    if (!Number.isInteger(add)) throw new RaftError("BadCommand", "refused", `${add} is no whole number`);
    return bytesOf(`${add} ${to}`);
  },
  decodeCommand: (bytes) => {
    const match = /^(-?\w+) (\w+)$/.exec(text(bytes));
    if (match === null) throw new SyntaxError("two words were expected");
    return { add: Number(match[1]), to: match[2] as string };
  },
  encodeResult: (result) => bytesOf(result instanceof Rejected ? `no ${result.code} ${result.reason}` : `${result}`),
  decodeResult: (bytes) => {
    const [first = "", code = "", ...reason] = text(bytes).split(" ");
    return first === "no" ? new Rejected(code, reason.join(" ")) : number(first);
  },
  encodeQuery: bytesOf,
  decodeQuery: (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
  encodeAnswer: (answer) => bytesOf(`${answer}`),
  decodeAnswer: (bytes) => number(text(bytes)),
};

function number(said: string): number {
  if (!/^-?\d+$/.test(said)) throw new SyntaxError(`${said} is no number`);
  return Number(said);
}

/** Counts under names. */
export class Tally implements StateMachine<string, number> {
  readonly counts = new Map<string, number>();
  /** Commands that it was given. */
  applied = 0;

  constructor(private readonly formatVersion = 1) {}

  open = () => ({ appliedIndex: 0, formatVersion: this.formatVersion });

  apply(batch: CommandBatch): readonly TallyResult[] {
    return batch.map((payload) => {
      this.applied++;
      const { add, to } = tallyCodec.decodeCommand(payload);
      if (add > 1_000) return new Rejected("TooMuch", `${add} is too much`);
      const count = this.read(to) + add;
      this.counts.set(to, count);
      return count;
    });
  }

  read = (name: string): number => this.counts.get(name) ?? 0;

  async *snapshotSave(): AsyncIterable<Uint8Array> {
    yield bytesOf(JSON.stringify([...this.counts]));
  }

  snapshotLoad = (): Promise<void> => Promise.reject(new Error("no test installs a snapshot of it"));
}

/** As a user binds it. */
export const tallyModule = (tally: Tally): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(Codec).toConstantValue(tallyCodec);
    bind(StateMachine).toConstantValue(tally);
  });
