import { del, exists, expire, get, persist, scan, size, ttl } from "@hexraft/statemachine-kv";
import { BadArgument, bigintOf, syntaxError, textOf, ttlMsOf, wordOf } from "../arguments.js";
import { ALL_KEYS, type CommandCall, type CommandSpec, NO_KEYS, ONE_KEY } from "../command-spec.js";
import { globMatcher } from "../glob.js";
import { type RespReply, RespStatus } from "../resp-reply.js";
import { resultOf } from "../results.js";

/** Keys that one SCAN looks at unless it says otherwise; Redis's own. */
const SCAN_COUNT = 10;
/** Most keys that one SCAN looks at, whatever it asks for. */
const SCAN_COUNT_MAX = 10_000;

/** Commands on keys, whatever they hold. */
export const KEYS: readonly CommandSpec[] = [
  {
    name: "EXISTS",
    arity: -2,
    touch: "read",
    keys: ALL_KEYS,
    summary: "Counts how many of the keys are there.",
    run: async ({ args, read }) => (await read(exists(...args))).count,
  },
  {
    name: "TYPE",
    arity: 2,
    touch: "read",
    keys: ONE_KEY,
    summary: "Tells what a key holds: string, or none.",
    run: async ({ args: [key], read }) =>
      new RespStatus((await read(get(key as Buffer))).value === null ? "none" : "string"),
  },
  lifetime("TTL", 1_000, "Tells how many seconds a key will live."),
  lifetime("PTTL", 1, "Tells how many milliseconds a key will live."),
  deadline("EXPIRE", 1_000, "Lets a key live for some seconds more."),
  deadline("PEXPIRE", 1, "Lets a key live for some milliseconds more."),
  {
    name: "PERSIST",
    arity: 2,
    touch: "write",
    keys: ONE_KEY,
    summary: "Takes a key's deadline away.",
    run: async ({ args: [key], context }) =>
      resultOf(await context.kv.apply(persist(key as Buffer)), ({ done }) => Number(done)),
  },
  {
    name: "DBSIZE",
    arity: 1,
    touch: "read",
    keys: NO_KEYS,
    summary: "Counts the keys.",
    run: async ({ read }) => (await read(size())).keys,
  },
  {
    name: "SCAN",
    arity: -2,
    touch: "read",
    keys: NO_KEYS,
    summary: "Goes through all keys page by page, with MATCH, COUNT, TYPE.",
    run: (call) => runScan(call),
  },
];

/** −2: not there; −1: lives for ever. Seconds are rounded to the nearest, as Redis does. */
function lifetime(name: string, unitMs: number, summary: string): CommandSpec {
  return {
    name,
    arity: 2,
    touch: "read",
    keys: ONE_KEY,
    summary,
    run: async ({ args: [key], read }) => {
      const answer = await read(ttl(key as Buffer));
      if (!answer.exists) return -2;
      return answer.ttlMs === null ? -1 : Math.round(answer.ttlMs / unitMs);
    },
  };
}

/** A deadline that has passed already removes the key, as in Redis. */
function deadline(name: string, unitMs: number, summary: string): CommandSpec {
  return {
    name,
    arity: -3,
    touch: "write",
    keys: ONE_KEY,
    summary,
    run: async ({ args, context }) => {
      const [key, time, option] = args as [Buffer, Buffer, Buffer | undefined];
      if (option !== undefined) throw new BadArgument(`ERR Unsupported option ${textOf(option)}`);
      const ttlMs = ttlMsOf(time, unitMs, name.toLowerCase());
      return ttlMs <= 0
        ? resultOf(await context.kv.apply(del(key)), ({ deleted }) => deleted)
        : resultOf(await context.kv.apply(expire(key, ttlMs)), ({ done }) => Number(done));
    },
  };
}

async function runScan({ args: [cursor, ...words], read }: CommandCall): Promise<RespReply> {
  const from = textOf(cursor as Buffer);
  if (!/^\d{1,16}$/.test(from)) throw new BadArgument("ERR invalid cursor");
  let match: ((key: Uint8Array) => boolean) | null = null;
  let count = SCAN_COUNT;
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    if (value === undefined) throw syntaxError();
    const word = wordOf(words[i] as Buffer);
    if (word === "MATCH") match = globMatcher(value);
    else if (word === "COUNT") {
      const asked = bigintOf(value);
      if (asked < 1n) throw syntaxError();
      count = Math.min(SCAN_COUNT_MAX, Number(asked));
    } else if (word === "TYPE") {
      if (wordOf(value) !== "STRING") match = () => false;
    } else throw syntaxError();
  }
  const page = await read(scan(from, count));
  return [page.cursor, match === null ? page.keys : page.keys.filter(match)];
}
