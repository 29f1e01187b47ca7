import { type Codec, type CommandBatch, RaftError, Rejected, type StateMachine } from "@hexraft/core/ports";
import { KvCodec, KvStateMachine } from "@hexraft/statemachine-kv";
import { part } from "../src/index.js";

/** Adds up; what would go below zero is rejected. It answers with a promise, as the other part does not. */
export class Tally implements StateMachine<"sum", number> {
  sum = 0;
  readonly told: string[] = [];
  open = () => ({ appliedIndex: 0, formatVersion: 3 });
  async apply(batch: CommandBatch): Promise<readonly unknown[]> {
    return batch.map((payload) => {
      const by = tallyCodec.decodeCommand(payload);
      if (this.sum + by < 0) return new Rejected("Overdrawn", `there are ${this.sum}`);
      this.sum += by;
      return this.sum;
    });
  }
  read = (): number => this.sum;
  snapshotSave(): AsyncIterable<Uint8Array> {
    const bytes = tallyCodec.encodeCommand(this.sum);
    return (async function* () {
      yield bytes;
    })();
  }
  async snapshotLoad(bytes: AsyncIterable<Uint8Array>, about: { readonly formatVersion: number }): Promise<void> {
    if (about.formatVersion !== 3) throw new RaftError("FormatUnknown", "refused", `format ${about.formatVersion}`);
    const all: number[] = [];
    for await (const chunk of bytes) all.push(...chunk);
    this.sum = tallyCodec.decodeCommand(Uint8Array.from(all));
  }
  stateHash = () => String(this.sum);
  leaderStart = (term: number) => void this.told.push(`leader ${term}`);
  shutdown = () => void this.told.push("shutdown");
}

/** Whole numbers as text. */
export const tallyCodec: Codec<number, number> = {
  encodeCommand(command) {
    if (!Number.isSafeInteger(command)) throw new RaftError("BadCommand", "refused", "it must be a whole number");
    return new TextEncoder().encode(String(command));
  },
  decodeCommand(bytes) {
    const text = new TextDecoder().decode(bytes);
    if (!/^(?:0|-?[1-9]\d{0,14})$/.test(text)) throw new RaftError("BadCommand", "refused", "it is no whole number");
    return Number(text);
  },
  encodeResult: (result) => tallyCodec.encodeCommand(result),
  decodeResult: (bytes) => tallyCodec.decodeCommand(bytes),
};

/** Two very different ones. */
export const parts = {
  texts: part(() => new KvStateMachine(), new KvCodec()),
  tally: part(() => new Tally(), tallyCodec),
};
