import { type Codec, RaftError } from "@hexraft/core/ports";
import {
  InSession,
  LaidOutInSession,
  OpenSession,
  SessionCommand,
  SessionOpened,
  type SessionRefusal,
  SessionRefused,
} from "./session-command.js";
import { formatInside, NONCE_FORMAT } from "./session-format.js";
import {
  badCommand,
  EntryKind,
  ESCAPE_BYTES,
  escaped,
  layOutInSession,
  layOutOpenSession,
  putU32,
  putU64,
  ResultKind,
  readInSession,
  readOpenSession,
  SESSION_MARK,
  u32At,
  u64At,
  unknownKind,
} from "./session-layout.js";
import { type SessionOptions, sessionOptions } from "./session-options.js";

/** Part of the format: never reordered. */
const REFUSALS: readonly SessionRefusal[] = ["SessionExpired", "AlreadyAcknowledged", "ResultNotKept"];
const OPENED_BYTES = 14;

/** A state machine's codec that also lays out what the session layer says. What is not of a session stays as it was. */
export class SessionCodec<Command = unknown, Result = unknown>
  implements Codec<Command | SessionCommand, Result | SessionOpened | SessionRefused>
{
  private readonly options: SessionOptions;

  /** @throws RaftError `BadOption`. */
  constructor(
    /** The state machine's own. */
    readonly inner: Codec<Command, Result>,
    /** Go into every registration that is laid out here. */
    options: Partial<SessionOptions> = {},
  ) {
    this.options = sessionOptions(options);
  }

  /** F03, F05. @throws RaftError `BadCommand`; `NoStateHere` if a session is to be opened at a witness. */
  encodeCommand(command: Command | SessionCommand, openFormat?: number): Uint8Array {
    const open = openFormat === undefined ? undefined : formatInside(openFormat);
    if (!(command instanceof SessionCommand)) return escaped(this.inner.encodeCommand(command, open));
    if (command instanceof LaidOutInSession) return command.bytes;
    if (command instanceof OpenSession) {
      // M12: a witness cannot say whether its members know the newer kind, and by the older one a session may be taken for another (M11).
      if (openFormat === 0)
        throw new RaftError(
          "NoStateHere",
          "refused",
          "This node is a witness and does not know which format is open; open the session at another one.",
        );
      const { openByIndex, openByNonce } = EntryKind;
      const kind = openFormat !== undefined && openFormat < NONCE_FORMAT ? openByIndex : openByNonce;
      return layOutOpenSession(kind, command.nonce, this.options);
    }
    const { session, sequence, lowestUnanswered, command: own } = command as InSession<Command>;
    return layOutInSession(session, sequence, lowestUnanswered, this.inner.encodeCommand(own, open));
  }

  /** The command again. @throws RaftError `BadCommand` or `FormatUnknown`. */
  decodeCommand(bytes: Uint8Array): Command | SessionCommand {
    if (bytes[0] !== SESSION_MARK) return this.inner.decodeCommand(bytes);
    switch (bytes[1]) {
      case EntryKind.escaped:
        return this.inner.decodeCommand(bytes.subarray(ESCAPE_BYTES));
      case EntryKind.openByIndex:
      case EntryKind.openByNonce:
        return new OpenSession(readOpenSession(bytes).nonce);
      case EntryKind.inSession: {
        const { session, sequence, lowestUnanswered, command } = readInSession(bytes);
        return new InSession(session, sequence, lowestUnanswered, this.inner.decodeCommand(command));
      }
      default:
        throw unknownKind("command", bytes[1]);
    }
  }

  /** Bytes of a result. */
  encodeResult(result: Result | SessionOpened | SessionRefused): Uint8Array {
    if (result instanceof SessionOpened) return layOutSessionOpened(result);
    if (result instanceof SessionRefused) {
      const reason = new TextEncoder().encode(result.reason);
      const out = new Uint8Array(3 + reason.length);
      out.set([SESSION_MARK, ResultKind.refused, REFUSALS.indexOf(result.refusal)]);
      out.set(reason, 3);
      return out;
    }
    return escaped(this.inner.encodeResult(result));
  }

  /** The result again. @throws RaftError `BadCommand` or `FormatUnknown`. */
  decodeResult(bytes: Uint8Array): Result | SessionOpened | SessionRefused {
    if (bytes[0] !== SESSION_MARK) return this.inner.decodeResult(bytes);
    switch (bytes[1]) {
      case ResultKind.escaped:
        return this.inner.decodeResult(bytes.subarray(ESCAPE_BYTES));
      case ResultKind.opened:
        return readSessionOpened(bytes);
      case ResultKind.refused: {
        const refusal = REFUSALS[bytes[2] ?? REFUSALS.length];
        if (refusal === undefined) throw unknownKind("refusal", bytes[2]);
        return new SessionRefused(refusal, textOf(bytes.subarray(3)));
      }
      default:
        throw unknownKind("result", bytes[1]);
    }
  }
}

/** The answer to a registration, for a client elsewhere. */
export function layOutSessionOpened({ session, ttlMs }: SessionOpened): Uint8Array {
  const out = new Uint8Array(OPENED_BYTES);
  out[0] = SESSION_MARK;
  out[1] = ResultKind.opened;
  putU64(out, 2, session);
  putU32(out, 10, ttlMs);
  return out;
}

/** Reads it again. @throws RaftError `BadCommand`. */
export function readSessionOpened(bytes: Uint8Array): SessionOpened {
  if (bytes.length !== OPENED_BYTES || bytes[0] !== SESSION_MARK || bytes[1] !== ResultKind.opened)
    throw badCommand(`${bytes.length} bytes that are no opened session`);
  return new SessionOpened(u64At(bytes, 2), u32At(bytes, 10));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badCommand("a refusal whose reason is no text");
  }
}

/**
 * F03: bytes of a command in its session that came over a wire, ready to be proposed.
 *
 * @param check - throws if the state machine's own part does not fit.
 * @throws RaftError `BadCommand`, or what `check` throws.
 */
export function checkInSession(bytes: Uint8Array, check: (command: Uint8Array) => void): LaidOutInSession {
  check(readInSession(bytes).command);
  return new LaidOutInSession(bytes);
}
