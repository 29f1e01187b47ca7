import type { Answered, HexraftClient } from "@hexraft/client";
import { Rejected } from "@hexraft/core/ports";
import { compareAndSet, get, type KvResult, put } from "@hexraft/statemachine-kv";
import {
  checkLinearizable,
  HistoryRecorder,
  type KvOperation,
  type KvOperationResult,
  kvModel,
  type LinearizabilityReport,
} from "@hexraft/testing/linearizability";

/** As much of a client as is needed here. */
export type Asked = Pick<HexraftClient, "propose" | "read">;

/** One who asks, one thing at a time. */
export interface Caller {
  /** Its name in histories. */
  readonly name: string;
  /** Its way to the cluster; several callers may share one. */
  readonly client: Asked;
  /** How long it waits for an answer, ms. */
  readonly deadlineMs: number;
}

/** Bounds of one key's history, so that each can be decided, whatever is done to the cluster. */
export interface HistoryBounds {
  /** Operations, answered or not. */
  readonly operationsMax: number;
  /** Commands whose outcome is unknown: each may take effect at any later time, and doubles what a checker must think of. */
  readonly unknownMax: number;
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

/** One key, asked by several callers, and what they saw of it. */
export class KeyHistory {
  private readonly recorder: HistoryRecorder<KvOperation, KvOperationResult>;
  /** What somebody last saw or put here: worth expecting, though others may have been quicker. */
  lastSeen: string | null = null;
  private operations = 0;
  private unknown = 0;
  private underWay = 0;

  constructor(
    /** The key. */
    readonly key: string,
    private readonly bounds: HistoryBounds,
  ) {
    // What is under way when the bound is reached, and the last read, are more than it.
    this.recorder = new HistoryRecorder(bounds.operationsMax * 2);
  }

  /** Whether it has seen enough: nobody should begin anything here any more. */
  get isFull(): boolean {
    return this.operations >= this.bounds.operationsMax || this.unknown >= this.bounds.unknownMax;
  }

  /** Whether nobody waits for an answer. */
  get isQuiet(): boolean {
    return this.underWay === 0;
  }

  /** Asks for one operation, and writes down how it ended. @returns whether it was answered. */
  async ask(caller: Caller, operation: KvOperation): Promise<boolean> {
    const call = this.recorder.call(caller.name, operation);
    this.operations++;
    this.underWay++;
    const answered = await send(caller, operation);
    this.underWay--;
    if (answered.outcome === "ok") {
      call.ok(answered.value);
      this.lastSeen = seenIn(operation, answered.value);
    } else if (answered.outcome === "refused") call.refused();
    else this.unknown++;
    return answered.outcome === "ok";
  }

  /** Whether all of it can be explained by one key that is read and written one operation at a time. */
  check(): LinearizabilityReport<KvOperation, KvOperationResult> {
    return checkLinearizable(kvModel(), this.recorder.history());
  }
}

/** What the key held when the answer was made. */
function seenIn(operation: KvOperation, result: KvOperationResult): string | null {
  if (result.type === "get") return result.value;
  if (result.type === "compareAndSet" && !result.done) return result.actual;
  return "value" in operation ? operation.value : null;
}

async function send({ client, deadlineMs }: Caller, operation: KvOperation): Promise<Answered<KvOperationResult>> {
  switch (operation.type) {
    case "get": {
      const answered = await client.read(get(operation.key), { deadlineMs });
      return answered.outcome === "ok"
        ? { outcome: "ok", value: { type: "get", value: text(answered.value.value) } }
        : answered;
    }
    case "put":
      return outcomeOf(await client.propose(put(operation.key, operation.value), { deadlineMs }));
    case "compareAndSet": {
      const { key, expected, value } = operation;
      return outcomeOf(await client.propose(compareAndSet(key, expected, value), { deadlineMs }));
    }
    default:
      throw new Error(`nobody here asks for ${operation.type}`);
  }
}

/** What a command was answered, in the words of the model. */
function outcomeOf(answered: Answered<KvResult>): Answered<KvOperationResult> {
  if (answered.outcome !== "ok") return answered;
  const { value } = answered;
  if (value instanceof Rejected) throw new Error(`the service rejected a command: ${value.reason}`);
  if (value.type === "put") return { outcome: "ok", value: { type: "put", done: value.done } };
  if (value.type === "compareAndSet")
    return { outcome: "ok", value: { type: "compareAndSet", done: value.done, actual: text(value.actual) } };
  throw new Error(`the service answered a ${value.type} that nobody asked for`);
}
