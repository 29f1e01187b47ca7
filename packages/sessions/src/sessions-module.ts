import { Codec, RaftError, StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { SessionCodec } from "./session-codec.js";
import { type SessionOptions, sessionOptions } from "./session-options.js";
import { SessionStateMachine } from "./session-state-machine.js";

/**
 * Puts sessions around the state machine and the codec that a module binds. Commands without a session stay as they were.
 *
 * @example
 * ```ts
 * const node = await createNode(options, [..., sessions(kvStateMachine())]);
 * const { session } = await node.apply(new OpenSession(nonce));
 * await node.apply(new InSession(session, 1, 1, increment("visits")));
 * await node.apply(new InSession(session, 1, 1, increment("visits"))); // the same result; executed once
 * ```
 *
 * @param stateMachine - binds the ports `StateMachine` and `Codec`.
 * @throws RaftError `BadOption` (O05).
 */
export function sessions(stateMachine: ContainerModule, options: Partial<SessionOptions> = {}): ContainerModule {
  const resolved = sessionOptions(options);
  return new ContainerModule((container) => {
    container.onActivation(Codec, (_context, codec) => new SessionCodec(codec, resolved));
    container.onActivation(StateMachine, (context, inner) => {
      const codec = context.get(Codec, { optional: true });
      if (codec instanceof SessionCodec) return new SessionStateMachine(inner, codec);
      throw new RaftError(
        "BindingMissing",
        "refused",
        "Sessions keep results as bytes: bind a Codec beside the state machine.",
      );
    });
    return stateMachine.load(container);
  });
}
