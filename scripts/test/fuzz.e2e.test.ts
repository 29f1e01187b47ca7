import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../packages/testing/src/time/seeded-random.js";
import { readCorpus } from "../fuzz/corpus.js";
import { mutated } from "../fuzz/mutate.js";
import { targets } from "../fuzz/targets.js";
import { run } from "../lib/run.js";

/** What the command prints last. */
interface Figures {
  readonly inputs: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly decoded: Readonly<Record<string, number>>;
  readonly branches: number;
}

async function fuzz(...args: string[]): Promise<{ code: number; figures: Figures; output: string }> {
  const command = ["--conditions=@hexraft/source", "--tsconfig", "tsconfig.base.json", "scripts/fuzz.ts", "--json"];
  const { code, output } = await run("tsx", [...command, ...args], { quiet: true, timeoutMs: 110_000 });
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  return { code, figures: JSON.parse(last) as Figures, output };
}

describe("pnpm fuzz", () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    "T01 L10 what was kept of %s is read, or refused, by all that read it",
    async (name, target) => {
      const inputs = [...(await target.seeds()), ...readCorpus(name)].map((input) => new Uint8Array(input));
      expect(readCorpus(name).length).toBeGreaterThan(5);
      const kinds = new Set<string>();
      for (const input of inputs) for (const kind of await target.run(input)) kinds.add(kind);
      expect(kinds.size).toBeGreaterThan(0);
    },
  );

  it("varies an input without touching it, within its bound", () => {
    const random = new SeededRandom("mutate");
    const pick = {
      below: (below: number) => Math.floor(random.next() * below),
      of: <T>(values: readonly T[]) => values[Math.floor(random.next() * values.length)] as T,
    };
    const input = Uint8Array.from({ length: 200 }, (_, i) => i);
    const variants = new Set<string>();
    for (let i = 0; i < 2_000; i++) variants.add(mutated(input, pick, input).join());
    expect(input).toEqual(Uint8Array.from({ length: 200 }, (_, i) => i));
    expect(variants.size).toBeGreaterThan(1_900);
  });

  it("finds nothing in a short run, reaches every target, and says what it did", async () => {
    const { code, figures } = await fuzz("--seconds", "4", "--seed", "test");
    expect([code, figures.crashes, figures.hangs]).toEqual([0, 0, 0]);
    expect(Object.keys(figures.decoded)).toEqual(
      expect.arrayContaining([
        "AppendEntries",
        "hello",
        "heard VoteRequest",
        "log",
        "snapshot",
        "backup",
        "manifest",
        "RESP command",
      ]),
    );
    expect(figures.branches).toBeGreaterThan(1_000);
  });

  it("finds a mistake that was planted, names the input, and exits with 1", async () => {
    const { code, figures, output } = await fuzz("--only", "planted-crash", "--seconds", "50", "--seed", "test");
    expect([code, figures.crashes]).toEqual([1, 1]);
    expect(output).toMatch(/crash in planted-crash: RangeError.*[^]*input: [0-9a-f]+/);
  });

  it("finds an input that never ends, though nothing comes back from it", async () => {
    const { code, figures, output } = await fuzz(
      "--only",
      "planted-hang",
      "--seconds",
      "50",
      "--seed",
      "test",
      "--hang-seconds",
      "5",
    );
    expect([code, figures.hangs]).toEqual([1, 1]);
    expect(output).toMatch(/hang in planted-hang: nothing came for 5000 ms[^]*input: [0-9a-f]+/);
  });
});
