import type { Codec } from "@hexraft/core/ports";
import type { KvAnswer } from "./answer.js";
import type { KvCommand } from "./command.js";
import { type KvLimits, kvLimits } from "./kv-limits.js";
import { LaidOutCommand } from "./laid-out-command.js";
import { readAnswer, writeAnswer } from "./layout/answer-layout.js";
import { ByteReader, viewOf } from "./layout/byte-reader.js";
import { ByteWriter } from "./layout/byte-writer.js";
import { checkCommand } from "./layout/command-check.js";
import { readCommand, writeCommand } from "./layout/command-layout.js";
import { checkQuery } from "./layout/query-check.js";
import { readQuery, writeQuery } from "./layout/query-layout.js";
import { readResult, writeResult } from "./layout/result-layout.js";
import type { KvQuery } from "./query.js";
import type { KvResult } from "./result.js";

/** All codecs of a process share it, however many groups there are: what is laid down is handed out before anybody else has a turn. */
const desk = new ByteWriter();

/**
 * Lays out commands, results, queries and answers in a fixed binary format, version 1, each in one way only.
 * What is encoded is copied; what is decoded shares the memory of the bytes it came from.
 */
export class KvCodec implements Codec<KvCommand, KvResult> {
  private readonly limits: KvLimits;

  /** @throws RaftError `BadOption` if a limit is out of its range (O05). */
  constructor(options: Partial<KvLimits> = {}) {
    this.limits = kvLimits(options);
  }

  /** F03. @throws RaftError `BadCommand`, outcome `refused`, if the command does not fit its type or a limit. */
  encodeCommand(command: KvCommand | LaidOutCommand): Uint8Array {
    if (command instanceof LaidOutCommand) return command.bytes;
    checkCommand(command, this.limits);
    return this.lay(writeCommand, command);
  }

  /** F03: bytes that came from elsewhere, ready to be proposed. @throws RaftError as {@link encodeCommand} and {@link decodeCommand}. */
  checkCommand(bytes: Uint8Array): LaidOutCommand {
    checkCommand(this.decodeCommand(bytes), this.limits);
    return new LaidOutCommand(bytes);
  }

  /** Limits are not looked at. @throws RaftError `BadCommand` or, for what a newer version may have written, `FormatUnknown`. */
  decodeCommand(bytes: Uint8Array): KvCommand {
    return readCommand(new ByteReader(bytes, "command", viewOf));
  }

  /** Bytes of a result of the state machine. */
  encodeResult(result: KvResult): Uint8Array {
    return this.lay(writeResult, result);
  }

  /** The result again. @throws RaftError `BadCommand` or `FormatUnknown`. */
  decodeResult(bytes: Uint8Array): KvResult {
    return readResult(new ByteReader(bytes, "result", viewOf));
  }

  /** For a client elsewhere. @throws RaftError `BadCommand` if the query does not fit its type or a limit. */
  encodeQuery(query: KvQuery): Uint8Array {
    checkQuery(query, this.limits);
    return this.lay(writeQuery, query);
  }

  /** The query again. @throws RaftError `BadCommand` or `FormatUnknown`; also if it exceeds a limit. */
  decodeQuery(bytes: Uint8Array): KvQuery {
    const query = readQuery(new ByteReader(bytes, "query", viewOf));
    checkQuery(query, this.limits);
    return query;
  }

  /** Bytes of an answer of the state machine. */
  encodeAnswer(answer: KvAnswer): Uint8Array {
    return this.lay(writeAnswer, answer);
  }

  /** The answer again. @throws RaftError `BadCommand` or `FormatUnknown`. */
  decodeAnswer(bytes: Uint8Array): KvAnswer {
    return readAnswer(new ByteReader(bytes, "answer", viewOf));
  }

  private lay<T>(write: (writer: ByteWriter, what: T) => void, what: T): Uint8Array {
    desk.reset();
    write(desk, what);
    return desk.finish();
  }
}
