import type { Identity } from "../access/role.js";

/** What one Redis connection said about itself. */
export class RespSession {
  /** `CLIENT SETNAME`. */
  name = "";
  constructor(
    /** `CLIENT ID`. */
    readonly id: number,
    /** Who it is; another one after `AUTH`. */
    public identity: Identity,
  ) {}
}
