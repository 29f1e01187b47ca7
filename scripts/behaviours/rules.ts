/** One rule of docs/PROTOCOL.md. */
export interface Rule {
  /** For example `E07`. */
  readonly id: string;
  /** Cases that the rule's own text names in code font, for example `E07/restarted`; each wants a test. */
  readonly cases: readonly string[];
}

/** Reads the lines of the form `- **E07** …`, in their order, each with the cases its text names. */
export function readRules(protocol: string): Rule[] {
  const rules: Rule[] = [];
  for (const block of protocol.split(/^(?=- \*\*|#)/m)) {
    const id = /^- \*\*([A-Z]\d{2})\*\*/.exec(block)?.[1];
    if (id === undefined) continue;
    const named = [...block.matchAll(/`([A-Z]\d{2}\/[a-z0-9-]+)`/g)].map((match) => match[1] ?? "");
    rules.push({ id, cases: named.filter((each) => each.startsWith(`${id}/`)) });
  }
  return rules;
}
