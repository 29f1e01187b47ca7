import { del, get, getMany, increment, multiPut, type PutOptions, put } from "@hexraft/statemachine-kv";
import { BadArgument, bigintOf, lifetimeOf, syntaxError, wordOf } from "../arguments.js";
import { ALL_KEYS, type CommandCall, type CommandSpec, ONE_KEY } from "../command-spec.js";
import { OK, type RespReply } from "../resp-reply.js";
import { okOf, resultOf } from "../results.js";

/** Commands on single values. */
export const STRINGS: readonly CommandSpec[] = [
  {
    name: "GET",
    arity: 2,
    touch: "read",
    keys: ONE_KEY,
    summary: "Returns the value of a key.",
    run: async ({ args: [key], read }) => (await read(get(key as Buffer))).value,
  },
  {
    name: "SET",
    arity: -3,
    touch: "write",
    keys: ONE_KEY,
    summary: "Sets a key, with NX, XX, GET, EX, PX, KEEPTTL.",
    run: (call) => set(call),
  },
  {
    name: "SETNX",
    arity: 3,
    touch: "write",
    keys: ONE_KEY,
    summary: "Sets a key only if it is not there.",
    run: async ({ args: [key, value], context }) =>
      resultOf(await context.kv.apply(put(key as Buffer, value as Buffer, { condition: "absent" })), ({ done }) =>
        Number(done),
      ),
  },
  ...(
    [
      ["SETEX", 1_000],
      ["PSETEX", 1],
    ] as const
  ).map(
    ([name, unitMs]): CommandSpec => ({
      name,
      arity: 4,
      touch: "write",
      keys: ONE_KEY,
      summary: "Sets a key with a time to live.",
      run: async ({ args: [key, ttl, value], context }) =>
        okOf(
          await context.kv.apply(
            put(key as Buffer, value as Buffer, { ttlMs: lifetimeOf(ttl as Buffer, unitMs, name.toLowerCase()) }),
          ),
        ),
    }),
  ),
  {
    name: "GETSET",
    arity: 3,
    touch: "write",
    keys: ONE_KEY,
    summary: "Sets a key and returns what it held.",
    run: async ({ args: [key, value], context }) =>
      resultOf(
        await context.kv.apply(put(key as Buffer, value as Buffer, { returnPrevious: true })),
        ({ previous }) => previous ?? null,
      ),
  },
  {
    name: "STRLEN",
    arity: 2,
    touch: "read",
    keys: ONE_KEY,
    summary: "Returns the length of a value in bytes.",
    run: async ({ args: [key], read }) => (await read(get(key as Buffer))).value?.length ?? 0,
  },
  {
    name: "MGET",
    arity: -2,
    touch: "read",
    keys: ALL_KEYS,
    summary: "Returns the values of several keys, of one instant.",
    run: async ({ args, read }) => (await read(getMany(...args))).values,
  },
  {
    name: "MSET",
    arity: -3,
    touch: "write",
    keys: [1, -1, 2],
    summary: "Sets several keys at once.",
    run: ({ args, context }) => {
      if (args.length % 2 !== 0) throw new BadArgument("ERR wrong number of arguments for 'mset' command");
      const entries = Array.from(
        { length: args.length / 2 },
        (_, i) => [args[2 * i] as Buffer, args[2 * i + 1] as Buffer] as const,
      );
      return context.kv.apply(multiPut(entries)).then(okOf);
    },
  },
  ...(["DEL", "UNLINK"] as const).map(
    (name): CommandSpec => ({
      name,
      arity: -2,
      touch: "write",
      keys: ALL_KEYS,
      summary: "Removes keys and returns how many there were.",
      run: async ({ args, context }) => resultOf(await context.kv.apply(del(...args)), ({ deleted }) => deleted),
    }),
  ),
  counter("INCR", 2, "Adds one to an integer.", () => 1n),
  counter("DECR", 2, "Takes one from an integer.", () => -1n),
  counter("INCRBY", 3, "Adds to an integer.", (by) => bigintOf(by)),
  counter("DECRBY", 3, "Takes from an integer.", (by) => {
    const value = bigintOf(by);
    if (value === -(2n ** 63n)) throw new BadArgument("ERR decrement would overflow");
    return -value;
  }),
];

function counter(name: string, arity: number, summary: string, by: (argument: Buffer) => bigint): CommandSpec {
  return {
    name,
    arity,
    touch: "write",
    keys: ONE_KEY,
    summary,
    run: async ({ args: [key, amount], context }) =>
      resultOf(await context.kv.apply(increment(key as Buffer, by(amount ?? Buffer.alloc(0)))), ({ value }) => value),
  };
}

async function set({ args, context }: CommandCall): Promise<RespReply> {
  const [key, value, ...words] = args as [Buffer, Buffer, ...Buffer[]];
  const options = setOptions(words);
  const result = await context.kv.apply(put(key, value, options));
  return resultOf(result, ({ done, previous }) => (options.returnPrevious ? (previous ?? null) : done ? OK : null));
}

function setOptions(words: readonly Buffer[]): PutOptions {
  const options: { -readonly [K in keyof PutOptions]: PutOptions[K] } = {};
  for (let i = 0; i < words.length; i++) {
    const word = wordOf(words[i] as Buffer);
    const lived = options.ttlMs !== undefined || options.keepTtl === true;
    if ((word === "NX" || word === "XX") && options.condition === undefined)
      options.condition = word === "NX" ? "absent" : "present";
    else if (word === "GET") options.returnPrevious = true;
    else if (word === "KEEPTTL" && !lived) options.keepTtl = true;
    else if ((word === "EX" || word === "PX") && !lived && i + 1 < words.length)
      options.ttlMs = lifetimeOf(words[++i] as Buffer, word === "EX" ? 1_000 : 1, "set");
    else if (word === "EXAT" || word === "PXAT")
      throw new BadArgument(
        `ERR ${word} is not supported: deadlines are counted in log time, not in the time of day; use EX or PX`,
      );
    else throw syntaxError();
  }
  return options;
}
