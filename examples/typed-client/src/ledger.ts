import { type CommandBatch, Rejected, type StateMachine } from "@hexraft/core/ports";
import { type LedgerCommand, type LedgerQuery, type LedgerResult, ledgerCodec } from "./ledger-codec.js";

/** Accounts and what is on them. A state machine of one's own; sessions go around it by `sessions(…)`. */
export class Ledger implements StateMachine<LedgerQuery, number> {
  private balances = new Map<string, number>();

  open = () => ({ appliedIndex: 0, formatVersion: 1 });

  apply(batch: CommandBatch): readonly LedgerResult[] {
    return batch.map((payload) => this.do(ledgerCodec.decodeCommand(payload)));
  }

  read({ account }: LedgerQuery): number {
    if (account !== undefined) return this.balances.get(account) ?? 0;
    return [...this.balances.values()].reduce((sum, balance) => sum + balance, 0);
  }

  snapshotSave(): AsyncIterable<Uint8Array> {
    const text = new TextEncoder().encode(JSON.stringify([...this.balances]));
    return (async function* () {
      yield text;
    })();
  }

  async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
    this.balances = new Map(JSON.parse(text) as [string, number][]);
  }

  private do(command: LedgerCommand): LedgerResult {
    if (command.type === "deposit") return this.add(command.to, command.amount);
    const there = this.read({ account: command.from });
    if (there < command.amount) return new Rejected("TooLittle", `${command.from} has ${there}, not ${command.amount}`);
    this.add(command.to, command.amount);
    return this.add(command.from, -command.amount);
  }

  private add(account: string, amount: number): LedgerResult {
    const balance = this.read({ account }) + amount;
    this.balances.set(account, balance);
    return { balance };
  }
}
