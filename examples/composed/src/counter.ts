import { type Codec, type CommandBatch, RaftError, type StateMachine } from "@hexraft/core/ports";

/** Counts votes by name: a state machine of one's own, in its smallest form. */
export class Counter implements StateMachine<string, number> {
  private counts = new Map<string, number>();

  open = () => ({ appliedIndex: 0, formatVersion: 1 });

  apply(batch: CommandBatch): readonly number[] {
    return batch.map((payload) => {
      const name = counterCodec.decodeCommand(payload);
      const count = (this.counts.get(name) ?? 0) + 1;
      this.counts.set(name, count);
      return count;
    });
  }

  read = (name: string): number => this.counts.get(name) ?? 0;

  /** The text is made at the instant of the call: what is applied later does not show in it (S01). */
  snapshotSave(): AsyncIterable<Uint8Array> {
    const text = new TextEncoder().encode(JSON.stringify([...this.counts]));
    return (async function* () {
      yield text;
    })();
  }

  async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
    this.counts = new Map(JSON.parse(text) as [string, number][]);
  }
}

/** A command is a name; a result is a number. */
export const counterCodec: Codec<string, number> = {
  encodeCommand(name) {
    if (typeof name !== "string" || name === "") throw new RaftError("BadCommand", "refused", "a vote needs a name");
    return new TextEncoder().encode(name);
  },
  decodeCommand: (bytes) => new TextDecoder().decode(bytes),
  encodeResult: (count) => new TextEncoder().encode(String(count)),
  decodeResult: (bytes) => Number(new TextDecoder().decode(bytes)),
};
