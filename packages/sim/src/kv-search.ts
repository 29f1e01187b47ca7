import { Rejected } from "@hexraft/core";
import type { KvAnswer, KvCommand, KvQuery, KvResult } from "@hexraft/statemachine-kv";
import {
  checkLinearizable,
  type HistoryOperation,
  type KvOperation,
  type KvOperationResult,
  kvModel,
} from "@hexraft/testing/linearizability";
import type { Operation, World } from "@hexraft/testing/simulator";
import { saidOnce } from "./session-history.js";

/** Times that the model is asked per key, before a search gives up: a second's work at the most. */
const STEPS_MAX = 300_000;

const decoder = new TextDecoder();
const text = (bytes: Uint8Array): string => decoder.decode(bytes);
const textOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : text(bytes));

/** Looks for an order that explains what clients of the key-value service saw, key by key, and at nothing else. */
export const kvSearch: NonNullable<World["search"]> = (_, operations) => {
  const report = checkLinearizable(kvModel(), saidOnce(operations).map(seen), { stepsMax: STEPS_MAX });
  if (report.verdict === "not-linearizable") return { fault: report.contradiction?.text ?? "no order explains it" };
  return report.verdict === "undecided" ? "undecided" : "ok";
};

function seen({
  act,
  client,
  outcome,
  invokedAt,
  returnedAt,
  output,
}: Operation): HistoryOperation<KvOperation, KvOperationResult> {
  const operation = act.kind === "read" ? questionOf(act.query as KvQuery) : orderOf(act.command as KvCommand);
  const [who, calledAt] = [String(client), invokedAt];
  if (outcome === "refused") return { client: who, operation, calledAt, outcome };
  if (outcome !== "ok") return { client: who, operation, calledAt, outcome: "unknown" };
  const result = resultOf(output as KvResult | KvAnswer);
  return { client: who, operation, calledAt, outcome, returnedAt, result };
}

function questionOf(query: KvQuery): KvOperation {
  if (query.type !== "get") throw new Error(`the workload makes no ${query.type}`);
  return { type: "get", key: text(query.key) };
}

function orderOf(command: KvCommand): KvOperation {
  switch (command.type) {
    case "put":
      return { type: "put", key: text(command.key), value: text(command.value) };
    case "increment":
      return { type: "increment", key: text(command.key), by: command.by };
    case "compareAndSet":
      return {
        type: "compareAndSet",
        key: text(command.key),
        expected: textOrNull(command.expected),
        value: textOrNull(command.value),
      };
    case "delete": {
      const [key, ...others] = command.keys;
      if (key !== undefined && others.length === 0) return { type: "delete", key: text(key) };
      throw new Error("the workload removes one key at a time");
    }
    default:
      throw new Error(`the workload makes no ${command.type}`);
  }
}

function resultOf(output: KvResult | KvAnswer): KvOperationResult {
  if (output instanceof Rejected) return { type: "rejected", code: output.code as "NotAnInteger" };
  switch (output.type) {
    case "get":
      return { type: "get", value: textOrNull(output.value) };
    case "put":
      return { type: "put", done: output.done };
    case "delete":
      return { type: "delete", deleted: output.deleted };
    case "increment":
      return { type: "increment", value: output.value };
    case "compareAndSet":
      return { type: "compareAndSet", done: output.done, actual: textOrNull(output.actual) };
    default:
      throw new Error(`the workload asks for no ${output.type}`);
  }
}
