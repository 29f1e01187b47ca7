import { globMatcher } from "../../../packages/server/src/resp/glob.js";
import { splitInline } from "../../../packages/server/src/resp/inline-command.js";
import { RespParser } from "../../../packages/server/src/resp/resp-parser.js";
import { RespProtocolError } from "../../../packages/server/src/resp/resp-protocol.js";
import type { Target } from "../target.js";

const SEEDS = [
  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
  "PING\r\nSET k 'a b'\r\nECHO \"\\x41\\n\"\r\n",
  "*0\r\n\r\n*-1\r\n*1\r\n$0\r\n\r\n",
  "*4\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nMATCH\r\n$13\r\n*a[^b-z]?\\*[x]*\r\n",
];

/** A stream of bytes that somebody sends to the Redis port. */
export const resp: Target = {
  name: "resp",
  seeds: () => SEEDS.map((text) => new Uint8Array(Buffer.from(text, "latin1"))),
  run(input) {
    const parser = new RespParser();
    const kinds: string[] = [];
    const piece = 1 + ((input.at(-1) ?? 0) % 64);
    try {
      for (let at = 0; at < input.length; at += piece) {
        parser.push(Buffer.from(input.subarray(at, at + piece)));
        for (let command = parser.next(); command !== undefined; command = parser.next()) {
          kinds.push("RESP command");
          const [pattern = Buffer.alloc(0), key = pattern] = command.slice(-2);
          globMatcher(pattern)(key);
          splitInline(key);
        }
      }
    } catch (error) {
      if (!(error instanceof RespProtocolError)) throw error;
    }
    return kinds;
  },
};
