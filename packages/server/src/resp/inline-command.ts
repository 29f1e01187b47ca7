import { RespProtocolError } from "./resp-protocol.js";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const UNBALANCED = "unbalanced quotes in request";
const isSpace = (char: string | undefined): boolean => char !== undefined && /\s/.test(char);

/**
 * Splits a command typed by hand (telnet, `nc`) into words, as Redis does: blanks separate, `"…"` takes the escapes
 * `\n \r \t \b \a \xHH`, `'…'` takes only `\'`, and a closing quote must end its word.
 *
 * @throws RespProtocolError on quotes that do not close.
 */
export function splitInline(line: Buffer): Buffer[] {
  // latin1 maps each byte to one character and back, so that nothing is lost on the way.
  const text = line.toString("latin1");
  const words: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (at >= text.length) return words;
    let word = "";
    while (at < text.length && !isSpace(text[at])) {
      const char = text[at] ?? "";
      if (char !== '"' && char !== "'") {
        word += char;
        at++;
        continue;
      }
      const quoted = readQuoted(text, at);
      word += quoted.word;
      at = quoted.end;
    }
    words.push(Buffer.from(word, "latin1"));
  }
}

function readQuoted(text: string, start: number): { readonly word: string; readonly end: number } {
  const quote = text[start];
  let word = "";
  let at = start + 1;
  while (text[at] !== quote) {
    if (at >= text.length) throw new RespProtocolError(UNBALANCED);
    if (text[at] !== "\\") {
      word += text[at++];
      continue;
    }
    const hex = quote === '"' ? /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 4)) : null;
    if (hex?.[1] !== undefined) {
      word += String.fromCharCode(Number.parseInt(hex[1], 16));
      at += 4;
    } else if (quote === '"') {
      const escaped = text[at + 1] ?? "";
      word += ESCAPES[escaped] ?? escaped;
      at += 2;
    } else if (text[at + 1] === "'") {
      word += "'";
      at += 2;
    } else word += text[at++];
  }
  const end = at + 1;
  if (end < text.length && !isSpace(text[end])) throw new RespProtocolError(UNBALANCED);
  return { word, end };
}
