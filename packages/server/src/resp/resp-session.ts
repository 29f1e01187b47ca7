import type { Consistency } from "@hexraft/core";
import type { Identity } from "../access/role.js";
import type { CommandNumber } from "../kv/command-number.js";

/** What one Redis connection said about itself. */
export class RespSession {
  /** `CLIENT SETNAME`. */
  name = "";
  /** `HEXRAFT CONSISTENCY`: how new the answers of its reads must be. */
  consistency: Consistency = "linearizable";
  /** `HEXRAFT SESSION`: the number of its next write, which then counts on (C03); undefined: its writes have none. */
  nextWrite: CommandNumber | undefined;
  constructor(
    /** `CLIENT ID`. */
    readonly id: number,
    /** Who it is; another one after `AUTH`. */
    public identity: Identity,
  ) {}

  /** The number of the write that begins now. */
  takeNumber(): CommandNumber | undefined {
    const number = this.nextWrite;
    if (number !== undefined) this.nextWrite = { ...number, sequence: number.sequence + 1 };
    return number;
  }
}
