import type { ServiceCodec } from "@hexraft/client";
import { RaftError, Rejected } from "@hexraft/core/ports";

/** What changes the ledger. Amounts are whole numbers of the smallest coin. */
export type LedgerCommand =
  | { readonly type: "deposit"; readonly to: string; readonly amount: number }
  | { readonly type: "transfer"; readonly from: string; readonly to: string; readonly amount: number };

/** What is on the account that a command named first, or why it could not be done. */
export type LedgerResult = { readonly balance: number } | Rejected;

/** How much is on one account, or on all of them. */
export interface LedgerQuery {
  readonly account?: string;
}

const toBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function fromBytes(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value !== "object" || value === null) throw bad("it is no object");
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw bad("a text is missing");
  return value;
}

/** F03: what comes from outside is looked at before it enters the log. */
function checkCommand(command: Readonly<Record<string, unknown>>): LedgerCommand {
  const { type, to, from, amount } = command;
  if (type !== "deposit" && type !== "transfer") throw bad(`${String(type)} is no command of a ledger`);
  if (typeof to !== "string" || (type === "transfer" && typeof from !== "string")) throw bad("an account is missing");
  if (!Number.isSafeInteger(amount) || (amount as number) <= 0) throw bad("the amount must be a whole number above 0");
  return command as unknown as LedgerCommand;
}

/** One codec for both sides: nodes bind it beside the state machine, doors and clients are given it. */
export const ledgerCodec: ServiceCodec<LedgerCommand, LedgerResult, LedgerQuery, number> = {
  encodeCommand: (command) => toBytes(checkCommand({ ...command })),
  decodeCommand: (bytes) => checkCommand(fromBytes(bytes)),
  encodeResult: (result) =>
    toBytes(result instanceof Rejected ? { rejected: result.code, reason: result.reason } : result),
  decodeResult: (bytes) => {
    const { balance, rejected, reason } = fromBytes(bytes);
    return typeof balance === "number" ? { balance } : new Rejected(textOf(rejected), textOf(reason));
  },
  encodeQuery: toBytes,
  decodeQuery: (bytes) => fromBytes(bytes),
  encodeAnswer: (sum) => toBytes({ sum }),
  decodeAnswer: (bytes) => Number(fromBytes(bytes)["sum"]),
};

const bad = (why: string) => new RaftError("BadCommand", "refused", `Nothing was done: ${why}.`);
