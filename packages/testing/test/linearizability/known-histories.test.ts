import { describe, expect, it } from "vitest";
import {
  type CasRegisterOperation,
  type CasRegisterResult,
  type CounterOperation,
  casRegisterModel,
  checkLinearizable,
  counterModel,
  type HistoryOperation,
  type KvOperation,
  type KvOperationResult,
  kvModel,
  type RegisterOperation,
  type RegisterResult,
  registerModel,
} from "../../src/linearizability.js";
import { add, cas, ok, READ, refused, unknown, write } from "./histories.js";

type Register = HistoryOperation<RegisterOperation<number>, RegisterResult<number>>;
type Cas = HistoryOperation<CasRegisterOperation<number>, CasRegisterResult<number>>;
type Counter = HistoryOperation<CounterOperation, number>;
type Kv = HistoryOperation<KvOperation, KvOperationResult>;

const ofRegister = (...history: Register[]) => checkLinearizable(registerModel<number>(), history);
const ofCas = (...history: Cas[]) => checkLinearizable(casRegisterModel<number>(), history);
const ofCounter = (...history: Counter[]) => checkLinearizable(counterModel(), history);
const ofKv = (...history: Kv[]) => checkLinearizable(kvModel(), history);

describe("histories that one machine could have given", () => {
  it("I15 nothing happened", () => expect(ofRegister().verdict).toBe("linearizable"));

  it("I15 a read that overlaps a write may see the value before or after it", () => {
    for (const seen of [1, 2])
      expect(
        ofRegister(ok("a", 1, 2, write(1), null), ok("a", 3, 6, write(2), null), ok("b", 4, 5, READ, seen)),
      ).toMatchObject({ verdict: "linearizable" });
  });

  it("I15 overlapping writes may take effect against the order of their calls, and all readers agree on it", () => {
    const report = ofRegister(
      ok("a", 1, 10, write(1), null),
      ok("b", 2, 9, write(2), null),
      ok("c", 11, 12, READ, 1),
      ok("d", 13, 14, READ, 1),
    );
    expect(report.verdict).toBe("linearizable");
    expect(report.orders.get("")?.map(({ client }) => client)).toEqual(["b", "a", "c", "d"]);
  });

  it("C02 an unknown write took effect long after its client gave up", () => {
    const history = [
      unknown<RegisterOperation<number>, RegisterResult<number>>("a", 1, write(1)),
      ok("b", 2, 3, READ, null),
      ok("b", 4, 5, write(2), null),
      ok("b", 6, 7, READ, 2),
      ok("b", 8, 9, READ, 1),
    ];
    expect(ofRegister(...history).verdict).toBe("linearizable");
  });

  it("C02 an unknown write never took effect", () => {
    const report = ofRegister(unknown("a", 1, write(1)), ok("b", 2, 3, READ, null), ok("b", 4, 5, READ, null));
    expect(report.verdict).toBe("linearizable");
    expect(report.orders.get("")).toHaveLength(2);
  });

  it("C02 an unknown comparison was met, and somebody else's was not for it", () => {
    expect(
      ofCas(
        ok("a", 1, 2, write(1), null),
        unknown("b", 3, cas(1, 2)),
        ok("c", 4, 5, cas(1, 3), false),
        ok("c", 6, 7, READ, 2),
      ).verdict,
    ).toBe("linearizable");
  });

  it("C02 what was refused never was", () => {
    expect(ofRegister(refused("a", 1, write(1)), ok("b", 2, 3, READ, null)).verdict).toBe("linearizable");
  });

  it("I15 a call at the instant of a return overlaps it", () => {
    expect(ofRegister(ok("a", 1, 5, write(1), null), ok("b", 5, 6, READ, null)).verdict).toBe("linearizable");
  });

  it("I15 keys are apart: a key may change while another one is slow", () => {
    const report = ofKv(
      ok("a", 1, 20, { type: "put", key: "x", value: "1" }, { type: "put", done: true }),
      ok("b", 2, 3, { type: "put", key: "y", value: "2", condition: "absent" }, { type: "put", done: true }),
      ok("b", 4, 5, { type: "get", key: "y" }, { type: "get", value: "2" }),
      ok("c", 6, 7, { type: "delete", key: "y" }, { type: "delete", deleted: 1 }),
      ok("b", 8, 9, { type: "get", key: "x" }, { type: "get", value: null }),
    );
    expect(report.verdict).toBe("linearizable");
    expect([...report.orders.keys()].toSorted()).toEqual(["x", "y"]);
  });
});

describe("histories that no machine could have given", () => {
  const isNot = (report: { readonly verdict: string }) => expect(report.verdict).toBe("not-linearizable");

  it("Q01 a stale read: a write was acknowledged before the read began", () => {
    const report = ofRegister(ok("a", 1, 2, write(1), null), ok("a", 3, 4, write(2), null), ok("b", 5, 6, READ, 1));
    isNot(report);
    expect(report.contradiction?.culprit.client).toBe("b");
    expect(report.contradiction?.prefixes[0]?.order.map(({ calledAt }) => calledAt)).toEqual([1, 3]);
    expect(report.contradiction?.text).toContain('b: {"type":"read"} → 1 [5, 6]');
  });

  it("I15 a non-repeatable read: the new value was seen, then the old one", () => {
    isNot(
      ofRegister(
        ok("a", 1, 2, write(1), null),
        ok("a", 3, 20, write(2), null),
        ok("b", 4, 5, READ, 2),
        ok("c", 6, 7, READ, 1),
      ),
    );
  });

  it("I15 two readers see two overlapping writes in different orders", () => {
    isNot(
      ofRegister(
        ok("a", 1, 4, write(1), null),
        ok("b", 2, 3, write(2), null),
        ok("c", 5, 6, READ, 1),
        ok("d", 7, 8, READ, 2),
      ),
    );
  });

  it("I16 a lost update: two additions were acknowledged, the counter shows one", () => {
    isNot(ofCounter(ok("a", 1, 4, add(1), 1), ok("b", 2, 3, add(1), 1)));
    isNot(ofCounter(ok("a", 1, 2, add(1), 1), ok("b", 3, 4, add(1), 2), ok("c", 5, 6, READ, 1)));
  });

  it("I14 one addition took effect twice", () => {
    isNot(ofCounter(ok("a", 1, 2, add(1), 1), ok("b", 3, 4, READ, 2)));
    isNot(ofCounter(unknown("a", 1, add(1)), ok("b", 2, 3, READ, 1), ok("b", 4, 5, READ, 2)));
  });

  it("I16 an acknowledged write is gone", () => {
    isNot(ofRegister(ok("a", 1, 2, write(1), null), ok("b", 3, 4, READ, null)));
  });

  it("C02 what was refused took effect", () => {
    isNot(ofRegister(refused("a", 1, write(1)), ok("b", 2, 3, READ, 1)));
  });

  it("C02 an unknown write took effect before it was called, or twice", () => {
    isNot(ofRegister(ok("b", 1, 2, READ, 1), unknown("a", 3, write(1))));
    isNot(
      ofRegister(
        unknown("a", 1, write(1)),
        ok("b", 2, 3, READ, 1),
        ok("b", 4, 5, write(2), null),
        ok("b", 6, 7, READ, 1),
      ),
    );
  });

  it("I15 two comparisons with one value were both met", () => {
    isNot(ofCas(ok("a", 1, 2, write(0), null), ok("a", 3, 6, cas(0, 1), true), ok("b", 4, 5, cas(0, 2), true)));
  });

  it("I15 of many keys the one that is wrong is named", () => {
    const report = ofKv(
      ok("a", 1, 2, { type: "increment", key: "good", by: 5n }, { type: "increment", value: 5n }),
      ok("a", 3, 4, { type: "increment", key: "bad", by: 5n }, { type: "increment", value: 5n }),
      ok("a", 5, 6, { type: "increment", key: "bad", by: -1n }, { type: "increment", value: 5n }),
    );
    isNot(report);
    expect(report.contradiction).toMatchObject({ part: "bad", concurrent: [], culprit: { calledAt: 5 } });
  });
});

describe("what the key-value model knows of the key-value state machine", () => {
  const sequential = (...steps: [KvOperation, KvOperationResult][]) =>
    ofKv(...steps.map(([operation, result], at) => ok("a", 2 * at + 1, 2 * at + 2, operation, result))).verdict;
  const key = "k";

  it("F01 a value that is no integer, or leaves 64 bits, rejects an increment and stays", () => {
    const steps: [KvOperation, KvOperationResult][] = [
      [
        { type: "put", key, value: "007" },
        { type: "put", done: true },
      ],
      [
        { type: "increment", key, by: 1n },
        { type: "rejected", code: "NotAnInteger" },
      ],
      [
        { type: "put", key, value: String(2n ** 63n - 1n), returnPrevious: true },
        { type: "put", done: true, previous: "007" },
      ],
      [
        { type: "increment", key, by: 1n },
        { type: "rejected", code: "OutOfRange" },
      ],
      [
        { type: "increment", key, by: -1n },
        { type: "increment", value: 2n ** 63n - 2n },
      ],
      [
        { type: "get", key },
        { type: "get", value: String(2n ** 63n - 2n) },
      ],
    ];
    expect(sequential(...steps)).toBe("linearizable");
    expect(
      sequential(...steps.slice(0, 1), [
        { type: "increment", key, by: 1n },
        { type: "increment", value: 8n },
      ]),
    ).toBe("not-linearizable");
  });

  it("F01 conditions, comparisons and deletions answer what they found", () => {
    const steps: [KvOperation, KvOperationResult][] = [
      [
        { type: "put", key, value: "1", condition: "present" },
        { type: "put", done: false },
      ],
      [
        { type: "compareAndSet", key, expected: null, value: "1" },
        { type: "compareAndSet", done: true, actual: null },
      ],
      [
        { type: "compareAndSet", key, expected: "2", value: "3" },
        { type: "compareAndSet", done: false, actual: "1" },
      ],
      [
        { type: "compareAndSet", key, expected: "1", value: null },
        { type: "compareAndSet", done: true, actual: null },
      ],
      [
        { type: "delete", key },
        { type: "delete", deleted: 0 },
      ],
    ];
    expect(sequential(...steps)).toBe("linearizable");
    expect(
      sequential(...steps.slice(0, 4), [
        { type: "delete", key },
        { type: "delete", deleted: 1 },
      ]),
    ).toBe("not-linearizable");
  });
});
