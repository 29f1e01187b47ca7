import type { CommandNumber } from "./command-number.js";
import type { KvService } from "./kv-service.js";

/** The same service for one command that has a number. */
export const numbered = (kv: KvService, number: CommandNumber): KvService => ({
  apply: (command) => kv.apply(command, number),
  read: (query, consistency) => kv.read(query, consistency),
  openSession: (nonce) => kv.openSession(nonce),
  readToken: (about) => kv.readToken(about),
});
