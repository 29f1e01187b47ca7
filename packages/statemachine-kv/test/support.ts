import { CommandBatch, EntryType, LogBlock } from "@hexraft/core/ports";
import { KvCodec, type KvCommand, type KvResult, type KvResultOf, KvStateMachine } from "../src/index.js";

/** A state machine with its log: commands go through the codec and come as committed entries. */
export class Replica {
  readonly machine: KvStateMachine;
  private readonly codec = new KvCodec();
  private lastIndex = 0;

  constructor(machine = new KvStateMachine()) {
    this.machine = machine;
  }

  /** Applies one command at this log time. */
  apply<C extends KvCommand>(command: C, logTimeMs = 0): KvResultOf<C> {
    return this.applyAll([command], logTimeMs)[0] as KvResultOf<C>;
  }

  /** Applies several commands as one block. */
  applyAll(commands: readonly KvCommand[], logTimeMs = 0): readonly KvResult[] {
    return this.applyBytes(
      commands.map((command) => this.codec.encodeCommand(command)),
      logTimeMs,
    );
  }

  /** Applies payloads as they are. */
  applyBytes(payloads: readonly Uint8Array[], logTimeMs = 0): readonly KvResult[] {
    const first = this.lastIndex + 1;
    this.lastIndex += payloads.length;
    const block = LogBlock.of(first, 1, logTimeMs, EntryType.command, payloads);
    return this.machine.apply(new CommandBatch([block], first, this.lastIndex));
  }

  /** A second replica that got this one's snapshot. */
  async twin(): Promise<Replica> {
    const twin = new Replica();
    await load(twin.machine, await collect(this.machine.snapshotSave()));
    return twin;
  }
}

export const text = (bytes: Uint8Array | null | undefined): string | null | undefined =>
  bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;

export const bytes = (source: string): Uint8Array => new TextEncoder().encode(source);

/** All bytes of a snapshot in one. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** Loads a snapshot from chunks of this size. */
export async function load(machine: KvStateMachine, snapshot: Uint8Array, chunkBytes = 1_000): Promise<void> {
  await machine.snapshotLoad(inChunks(snapshot, chunkBytes), { id: { index: 1, term: 1 }, formatVersion: 1 });
}

export async function* inChunks(whole: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += chunkBytes) yield whole.slice(at, at + chunkBytes);
}
