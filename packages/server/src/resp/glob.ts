/** One element of a pattern: any run of bytes, or a test of one byte. */
type Element = "any-run" | ((byte: number) => boolean);

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const BACKSLASH = 92;
const CARET = 94;
const DASH = 45;

/**
 * Redis's glob: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`. The time is bounded by pattern × key: a pattern such as
 * `*a*a*a*a*b` costs no more than that, whoever sends it.
 */
export function globMatcher(pattern: Uint8Array): (key: Uint8Array) => boolean {
  const elements = parse(pattern);
  return (key) => matches(elements, key);
}

function matches(elements: readonly Element[], key: Uint8Array): boolean {
  let element = 0;
  let at = 0;
  // Where to go on if what follows the last star does not fit: let that star take one byte more.
  let retryElement = -1;
  let retryAt = 0;
  while (at < key.length) {
    const wanted = elements[element];
    if (wanted === "any-run") {
      retryElement = ++element;
      retryAt = at;
    } else if (wanted?.(key[at] as number)) {
      element++;
      at++;
    } else if (retryElement >= 0) {
      element = retryElement;
      at = ++retryAt;
    } else return false;
  }
  while (elements[element] === "any-run") element++;
  return element === elements.length;
}

function parse(pattern: Uint8Array): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern[at] as number;
    if (byte === STAR) {
      if (elements.at(-1) !== "any-run") elements.push("any-run");
      at++;
    } else if (byte === QUESTION) {
      elements.push(() => true);
      at++;
    } else if (byte === OPEN) {
      const set = parseSet(pattern, at + 1);
      elements.push(set.test);
      at = set.end;
    } else {
      const escaped = byte === BACKSLASH && at + 1 < pattern.length;
      const literal = escaped ? (pattern[at + 1] as number) : byte;
      elements.push((candidate) => candidate === literal);
      at += escaped ? 2 : 1;
    }
  }
  return elements;
}

/** A set that is not closed ends with the pattern, as in Redis. */
function parseSet(
  pattern: Uint8Array,
  start: number,
): { readonly test: (byte: number) => boolean; readonly end: number } {
  let at = start;
  const negated = pattern[at] === CARET;
  if (negated) at++;
  const members = new Set<number>();
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      members.add(pattern[at + 1] as number);
      at += 2;
      continue;
    }
    const first = pattern[at] as number;
    const last = pattern[at + 1] === DASH ? pattern[at + 2] : undefined;
    for (let byte = Math.min(first, last ?? first); byte <= Math.max(first, last ?? first); byte++) members.add(byte);
    at += last === undefined ? 1 : 3;
  }
  return { test: (byte) => members.has(byte) !== negated, end: Math.min(at + 1, pattern.length) };
}
