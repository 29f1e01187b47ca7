import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ANY_RESULT,
  type CasRegisterOperation,
  type CasRegisterResult,
  type CounterOperation,
  casRegisterModel,
  checkLinearizable,
  counterModel,
  type HistoryOperation,
  IMPOSSIBLE,
  type KvOperation,
  type KvOperationResult,
  kvModel,
  registerModel,
} from "../../src/linearizability.js";
import { SeededRandom } from "../../src/time/seeded-random.js";
import { hasOrder } from "./brute-force.js";
import { add, cas, ok, READ, refused, unknown, write } from "./histories.js";

type CasOperation = CasRegisterOperation<number>;
type CasResult = CasRegisterResult<number>;
type CasHistory = HistoryOperation<CasOperation, CasResult>[];

const value = fc.integer({ min: 0, max: 2 });
const maybe = fc.option(value);

/** Any call at any time, with any answer: most of these histories are wrong, and a good part is right. */
const history = <O, R>(operation: fc.Arbitrary<readonly [O, R]>): fc.Arbitrary<HistoryOperation<O, R>[]> =>
  fc.array(
    fc
      .tuple(operation, fc.nat(8), fc.nat(4), fc.constantFrom("ok", "ok", "ok", "unknown", "refused"))
      .map(([[asked, result], at, lasts, outcome]) => {
        if (outcome === "refused") return refused<O, R>("c", at, asked);
        return outcome === "unknown" ? unknown<O, R>("c", at, asked) : ok("c", at, at + lasts, asked, result);
      }),
    { maxLength: 6 },
  );

const casOperation: fc.Arbitrary<readonly [CasOperation, CasResult]> = fc.oneof(
  maybe.map((seen) => [READ, seen] as const),
  value.map((to) => [write(to), null] as const),
  fc.tuple(maybe, value, fc.boolean()).map(([from, to, done]) => [cas(from, to), done] as const),
);
const counterOperation: fc.Arbitrary<readonly [CounterOperation, number]> = fc.oneof(
  fc.nat(3).map((seen) => [READ, seen] as const),
  fc.tuple(fc.integer({ min: 1, max: 2 }), fc.nat(4)).map(([by, sum]) => [add(by), sum] as const),
);

describe("the checker against the definition", () => {
  it("I15 it finds an order for a history of a register exactly if some permutation explains it", () => {
    const verdicts = { linearizable: 0, "not-linearizable": 0, undecided: 0 };
    fc.assert(
      fc.property(history(casOperation), (operations) => {
        const { verdict } = checkLinearizable(casRegisterModel<number>(), operations);
        verdicts[verdict]++;
        expect(verdict).toBe(hasOrder(casRegisterModel<number>(), operations) ? "linearizable" : "not-linearizable");
      }),
      { numRuns: 1_500, seed: 15 },
    );
    expect(Math.min(verdicts.linearizable, verdicts["not-linearizable"])).toBeGreaterThan(100);
  });

  it("I15 the same for a counter, where equal operations are many", () => {
    fc.assert(
      fc.property(history(counterOperation), (operations) => {
        const { verdict } = checkLinearizable(counterModel(), operations);
        expect(verdict).toBe(hasOrder(counterModel(), operations) ? "linearizable" : "not-linearizable");
      }),
      { numRuns: 1_500, seed: 15 },
    );
  });

  it("I15 the order it names does explain the history", () => {
    fc.assert(
      fc.property(history(casOperation), (operations) => {
        const model = casRegisterModel<number>();
        const { verdict, orders } = checkLinearizable(model, operations);
        fc.pre(verdict === "linearizable");
        const order = [...orders.values()].flat();
        expect(new Set(order).size).toBe(order.length);
        expect(operations.filter((each) => each.outcome === "ok" && !order.includes(each))).toEqual([]);
        let state = model.initial();
        for (const each of order) {
          const after = model.step(state, each.operation, each.outcome === "ok" ? each.result : ANY_RESULT);
          if (after === IMPOSSIBLE) throw new Error(`the order fails at ${JSON.stringify(each)}`);
          state = after;
        }
      }),
      { numRuns: 300, seed: 16 },
    );
  });

  it("I15 the culprit it names is the first answer that no order gets past", () => {
    fc.assert(
      fc.property(history(casOperation), (operations) => {
        const model = casRegisterModel<number>();
        const { verdict, contradiction } = checkLinearizable(model, operations);
        fc.pre(verdict === "not-linearizable");
        const end = contradiction?.culprit.returnedAt ?? -1;
        const calledUpTo = operations.filter(({ calledAt }) => calledAt <= end);
        expect(hasOrder(model, calledUpTo)).toBe(false);
        const returnedBefore = calledUpTo.map((each) =>
          each.outcome === "ok" && each.returnedAt >= end ? withoutAnswer(each) : each,
        );
        expect(hasOrder(model, returnedBefore)).toBe(true);
      }),
      { numRuns: 300, seed: 17 },
    );
  });
});

const withoutAnswer = ({ client, calledAt, operation }: CasHistory[number]): CasHistory[number] =>
  unknown(client, calledAt, operation);

/**
 * A true register: `clients` call one operation after the other, each of which takes effect somewhere between call and
 * return. A share of the answers is lost; of those half took effect, possibly long afterwards.
 */
function trueHistory(seed: number, clients: number, count: number, lostShare: number): CasHistory {
  const random = new SeededRandom(seed);
  const calls = Array.from({ length: clients }, (_, client) => {
    let now = random.integer(0, 9);
    return Array.from({ length: Math.floor(count / clients) }, () => {
      const calledAt = now + random.integer(1, 3);
      const returnedAt = calledAt + random.integer(1, 12);
      now = returnedAt;
      const isLost = random.next() < lostShare;
      const effectAt = isLost ? calledAt + random.integer(0, 60) : calledAt + random.next() * (returnedAt - calledAt);
      const to = random.integer(0, 9);
      const operation = [READ, READ, write(to), cas(random.integer(0, 9), to)][random.integer(0, 3)] as CasOperation;
      return { client: `c${client}`, calledAt, returnedAt, operation, isLost, effectAt };
    });
  }).flat();
  let held: number | null = null;
  return calls
    .toSorted((a, b) => a.effectAt - b.effectAt)
    .map(({ client, calledAt, returnedAt, operation, isLost }) => {
      if (isLost && random.next() < 0.5) return unknown(client, calledAt, operation);
      let result: CasResult = null;
      if (operation.type === "read") result = held;
      else if (operation.type === "write") held = operation.value;
      else {
        result = held === operation.expected;
        if (result) held = operation.value;
      }
      return isLost ? unknown(client, calledAt, operation) : ok(client, calledAt, returnedAt, operation, result);
    });
}

describe("long histories", () => {
  it("I15 1,000 operations of 20 clients on one key, some without an answer, are decided within the default bounds", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const operations = trueHistory(seed, 20, 1_000, 0.02);
      expect(checkLinearizable(casRegisterModel<number>(), operations).verdict).toBe("linearizable");
    }
  });

  it("I15 one stale answer among 1,000 is found, and named", () => {
    const operations = trueHistory(7, 10, 1_000, 0);
    const at = operations.findLastIndex(({ operation }) => operation.type === "read");
    operations[at] = { ...operations[at], result: 10 } as (typeof operations)[number];
    const report = checkLinearizable(casRegisterModel<number>(), operations);
    expect(report.verdict).toBe("not-linearizable");
    expect(report.contradiction?.culprit).toBe(operations[at]);
  });

  it("I15 forty equal additions without an answer do not make forty factorial orders", () => {
    const operations: HistoryOperation<CounterOperation, number>[] = [
      ...Array.from({ length: 40 }, (_, at) => unknown<CounterOperation, number>("a", at, add(1))),
      ok("b", 50, 51, READ, 17),
      ok("b", 52, 53, READ, 41),
    ];
    expect(checkLinearizable(counterModel(), operations).verdict).toBe("not-linearizable");
    expect(checkLinearizable(counterModel(), operations.slice(0, -1)).verdict).toBe("linearizable");
  });
});

describe("limits", () => {
  const wide = [
    ...Array.from({ length: 16 }, (_, at) => ok(`c${at}`, 1, 100, write(at), null)),
    ok("r", 101, 102, READ, 99),
  ];

  it("I15 what does not fit a limit is undecided, and says which", () => {
    expect(checkLinearizable(registerModel<number>(), wide, { stepsMax: 500 })).toMatchObject({
      verdict: "undecided",
      reason: expect.stringContaining("stepsMax"),
    });
    expect(checkLinearizable(registerModel<number>(), wide, { configurationsMax: 500 })).toMatchObject({
      verdict: "undecided",
      reason: expect.stringContaining("configurationsMax"),
    });
    expect(checkLinearizable(registerModel<number>(), wide, { timeoutMs: -1 })).toMatchObject({
      verdict: "undecided",
      reason: expect.stringContaining("timeoutMs"),
    });
  });

  it("I15 a part that is plainly wrong outweighs one that is undecided", () => {
    const done = { type: "put", done: true } as const;
    const operations: HistoryOperation<KvOperation, KvOperationResult>[] = [
      ...Array.from({ length: 16 }, (_, at) =>
        ok(`c${at}`, 1, 100, { type: "put", key: "wide", value: `${at}` } as const, done),
      ),
      ok("r", 101, 102, { type: "get", key: "wide" } as const, { type: "get", value: "no" } as const),
      ok("r", 103, 104, { type: "get", key: "narrow" } as const, { type: "get", value: "no" } as const),
    ];
    const report = checkLinearizable(kvModel(), operations, { stepsMax: 500 });
    expect(report).toMatchObject({ verdict: "not-linearizable", contradiction: { part: "narrow" } });
  });

  it("I15 an operation that returned before it was called is refused", () => {
    expect(() => checkLinearizable(registerModel<number>(), [ok("a", 2, 1, write(1), null)])).toThrow(RangeError);
  });
});
