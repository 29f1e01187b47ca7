import { type Codec, type CommandBatch, RaftError, type StateMachine } from "@hexraft/core/ports";

/** A vote; the second release knows votes that count for more than one. */
export interface Vote {
  readonly name: string;
  readonly weight?: number;
}

/** Format 1 says the name, format 2 also the weight: `ada`, `ada 3`. */
export const voteCodec: Codec<Vote, number> = {
  encodeCommand({ name, weight = 1 }, openFormat = 1) {
    if (weight !== 1 && openFormat < 2)
      throw new RaftError("BadCommand", "refused", "weights are for when all nodes know them; vote without one");
    return new TextEncoder().encode(weight === 1 ? name : `${name} ${weight}`);
  },
  decodeCommand(bytes) {
    const [name = "", weight] = new TextDecoder().decode(bytes).split(" ");
    return weight === undefined ? { name } : { name, weight: Number(weight) };
  },
  encodeResult: (sum) => new TextEncoder().encode(String(sum)),
  decodeResult: (bytes) => Number(new TextDecoder().decode(bytes)),
};

/** Sums of votes by name. Its snapshots are the same in both formats; where they differ, it writes those of the open one. */
export class Votes implements StateMachine<string, number> {
  private sums = new Map<string, number>();

  /** @param formatVersion - 1 in the first release, 2 in the second. */
  constructor(private readonly formatVersion: number) {}

  open = () => ({ appliedIndex: 0, formatVersion: this.formatVersion });

  /** That it is there says that this state machine can be upgraded node by node. */
  formatOpened(formatVersion: number): void {
    console.log(`format ${formatVersion} is open`);
  }

  apply(batch: CommandBatch): readonly number[] {
    return batch.map((payload) => {
      const { name, weight = 1 } = voteCodec.decodeCommand(payload);
      const sum = this.read(name) + weight;
      this.sums.set(name, sum);
      return sum;
    });
  }

  read = (name: string): number => this.sums.get(name) ?? 0;

  snapshotSave(): AsyncIterable<Uint8Array> {
    const text = new TextEncoder().encode(JSON.stringify([...this.sums]));
    return (async function* () {
      yield text;
    })();
  }

  async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
    this.sums = new Map(JSON.parse(text) as [string, number][]);
  }
}
