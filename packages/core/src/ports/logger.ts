import { token } from "./token.js";

/** Where the node writes what an operator should read. Never called on the path of an entry. Optional: silent by default. */
export interface Logger {
  /** Details that help to follow one node. */
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Changes of state. */
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Something to look at; the node goes on. */
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** The node, or a part of it, does not go on. */
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}
/** DI token of the port. */
export const Logger = token<Logger>("Logger");
