import type { Consistency } from "@hexraft/core";
import type { Identity } from "../access/role.js";

/** What one Redis connection said about itself. */
export class RespSession {
  /** `CLIENT SETNAME`. */
  name = "";
  /** `HEXRAFT CONSISTENCY`: how new the answers of its reads must be. */
  consistency: Consistency = "linearizable";
  constructor(
    /** `CLIENT ID`. */
    readonly id: number,
    /** Who it is; another one after `AUTH`. */
    public identity: Identity,
  ) {}
}
