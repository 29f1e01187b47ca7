/** What one Redis connection said about itself. */
export class RespSession {
  /** `CLIENT SETNAME`. */
  name = "";
  constructor(
    /** `CLIENT ID`. */
    readonly id: number,
  ) {}
}
