import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { TestResult } from "../lib/test-report.js";
import type { Rule } from "./rules.js";

/** What carries one rule. */
export interface Behaviour {
  readonly rule: Rule;
  /** Files below packages/<name>/src that mention the id. */
  readonly sources: readonly string[];
  /** Passed tests whose titles lead with the id or one of its cases. */
  readonly tests: readonly TestResult[];
  /** Named cases without a passed test, or the rule itself if it has none at all. */
  readonly missing: readonly string[];
}

/** Joins the rules with the sources that mention them and the tests that carry them. */
export function listBehaviours(
  rules: readonly Rule[],
  mentions: ReadonlyMap<string, readonly string[]>,
  results: readonly TestResult[],
): Behaviour[] {
  const passed = results.filter(({ status }) => status === "passed");
  return rules.map((rule) => {
    const tests = passed.filter(({ ids }) => ids.has(rule.id));
    const missing =
      tests.length === 0 ? [rule.id] : rule.cases.filter((name) => !tests.some(({ ids }) => ids.has(name)));
    return { rule, sources: mentions.get(rule.id) ?? [], tests, missing };
  });
}

/** The one-line summary that other programs read. */
export function summary(behaviours: readonly Behaviour[]): { rules: number; covered: number; missing: string[] } {
  return {
    rules: behaviours.length,
    covered: behaviours.filter(({ missing }) => missing.length === 0).length,
    missing: behaviours.flatMap(({ missing }) => missing),
  };
}

/** The same for a person: rule by rule, where it is and what holds it. */
export function asText(behaviours: readonly Behaviour[]): string {
  const lines: string[] = [];
  for (const { rule, sources, tests, missing } of behaviours) {
    lines.push(`${rule.id}  ${missing.length === 0 ? `${tests.length} passed` : `MISSING ${missing.join(" ")}`}`);
    for (const source of sources) lines.push(`     source  ${source}`);
    for (const { file, title } of tests) lines.push(`     test    ${file}: ${title}`);
  }
  const { rules, covered, missing } = summary(behaviours);
  lines.push("", `${rules} rules, ${covered} covered, ${missing.length} missing: ${missing.join(" ") || "none"}`);
  return lines.join("\n");
}

/** Which source files mention which ids. */
export function readMentions(root: string): Map<string, string[]> {
  const mentions = new Map<string, string[]>();
  for (const name of readdirSync(join(root, "packages"))) {
    const src = join(root, "packages", name, "src");
    for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const file = join(entry.parentPath, entry.name);
      const shown = relative(root, file).split(sep).join("/");
      const ids = new Set([...readFileSync(file, "utf8").matchAll(/\b[A-Z]\d{2}\b/g)].map(([id]) => id));
      for (const id of ids) mentions.set(id, [...(mentions.get(id) ?? []), shown].toSorted());
    }
  }
  return mentions;
}
