import { Codec, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { ComposedCodec } from "./composed-codec.js";
import { ComposedStateMachine } from "./composed-state-machine.js";
import { type ComposedOptions, checkFormats } from "./formats-of-parts.js";
import { checkParts, type Parts } from "./parts.js";

/**
 * F04: binds several state machines as one, and their codec: the ports `StateMachine` and `Codec`.
 *
 * @example
 * ```ts
 * const parts = { texts: part(() => new KvStateMachine(), new KvCodec()), tally: part(() => new Tally(), tallyCodec) };
 * const node = await createNode<ComposedCommand<typeof parts>, …>(options, [..., composed(parts)]);
 * const { texts, tally } = callersOf(parts, node);
 * await texts.apply(put("greeting", "hello"));
 * ```
 *
 * @throws RaftError `BadOption` (O05).
 */
export function composed<P extends Parts>(parts: P, options: ComposedOptions<P> = {}): ContainerModule {
  checkParts(parts);
  checkFormats(parts, options.formats);
  return new ContainerModule(({ bind }) => {
    bind(Codec)
      .toDynamicValue(() => new ComposedCodec(parts, options))
      .inSingletonScope();
    bind(StateMachine)
      .toDynamicValue(() => new ComposedStateMachine(parts, options))
      .inSingletonScope();
  });
}
