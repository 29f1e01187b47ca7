import { Codec, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { KvCodec } from "./kv-codec.js";
import { type KvLimits, kvLimits } from "./kv-limits.js";
import { KvStateMachine } from "./kv-state-machine.js";

/**
 * Binds the key-value state machine and its codec: the ports `StateMachine` and `Codec`.
 *
 * @example
 * ```ts
 * const node = await createNode<KvCommand, KvResult, KvQuery, KvAnswer>(options, [..., kvStateMachine()]);
 * await node.apply(put("greeting", "hello", { ttlMs: 60_000 }));
 * const { value } = (await node.read(get("greeting"))) as KvGetAnswer;
 * ```
 *
 * @param options - limits of keys and values.
 * @throws RaftError `BadOption` if a limit is out of its range (O05).
 */
export function kvStateMachine(options: Partial<KvLimits> = {}): ContainerModule {
  const limits = kvLimits(options);
  return new ContainerModule(({ bind }) => {
    bind(Codec)
      .toDynamicValue(() => new KvCodec(limits))
      .inSingletonScope();
    bind(StateMachine)
      .toDynamicValue(() => new KvStateMachine(limits))
      .inSingletonScope();
  });
}
