import type { WhoAsksFlags } from "../operator/who-asks.js";

/** What every `hexraft admin` command is told. */
export interface AdminFlags extends WhoAsksFlags {
  /** `host:port,…`, the client doors; where it is missing the environment says it. */
  readonly cluster?: string;
  /** Where nodes serve several groups: which one. */
  readonly group?: string;
  /** ms. */
  readonly timeout?: number;
  readonly json?: true;
}

/** Where `--cluster` may stand instead. */
export const CLUSTER_VARIABLE = "HEXRAFT_CLUSTER";

/** How a command speaks. */
export interface Voice {
  /** Answers. */
  say(line: string): void;
  /** Everything else. */
  complain(line: string): void;
}
