/**
 * A command in its bytes, as `KvCodec.checkCommand` gives it: where commands come over a wire they need not be taken apart
 * and laid out again to be proposed. The bytes must not change until the command is proposed, which is at the end of the turn.
 */
export class LaidOutCommand {
  /** @internal */
  constructor(
    /** The command as the log will hold it. */
    readonly bytes: Uint8Array,
  ) {}
}
