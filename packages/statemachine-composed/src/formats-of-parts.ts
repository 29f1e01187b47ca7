import { RaftError } from "@hexraft/core/ports";
import { bad, type Parts } from "./parts.js";

/*
 * The gate counts formats of the whole (F05), and a part knows its own alone. A list says which number of the whole is which formats of the
 * parts: a line for each release that brought one, and none is ever taken away or changed. It cannot be worked out from what the parts know: where
 * two of them became newer, in one release or in two, and in which order, nobody could tell from a number.
 */

/** F05: formats of the parts by their names. A part that is not named is not there yet: it came with a later release. */
export type FormatsOfParts<P extends Parts = Parts> = { readonly [Name in keyof P & string]?: number };

/** How several state machines are put together. */
export interface ComposedOptions<P extends Parts = Parts> {
  /**
   * F05: the formats of the whole, 1, 2, …, and what each of them is in the parts; at most {@link FORMATS_MAX}. Formats of a part only grow, and
   * the last line is what this release knows. Without it no part has a gate: each writes its newest format from the start.
   */
  readonly formats?: readonly FormatsOfParts<P>[];
}

/** Most formats of the whole: sessions count theirs from here. */
export const FORMATS_MAX = 65_535;

/** What a part said when it was opened. */
export interface KnownPart {
  readonly name: string;
  /** The newest format that it reads and writes. */
  readonly known: number;
  /** The oldest one that it writes. */
  readonly first: number;
  /** Whether it hears of formats. */
  readonly hears: boolean;
}

/** O05. @throws RaftError `BadOption` if it is no history of these parts. */
export function checkFormats(parts: Parts, formats: readonly FormatsOfParts[] | undefined): void {
  if (formats === undefined) return;
  if (formats.length === 0 || formats.length > FORMATS_MAX)
    throw bad("formats", formats.length, `must be from 1 to ${FORMATS_MAX} lines`);
  let before: FormatsOfParts = {};
  for (const [at, line] of formats.entries()) {
    const wrong = (rule: string): RaftError => bad("formats", line, `line ${at + 1}: ${rule}`);
    for (const [name, format] of Object.entries(line)) {
      if (!Object.hasOwn(parts, name)) throw wrong(`there is no state machine ${JSON.stringify(name)}`);
      if (!Number.isSafeInteger(format) || (format as number) < 1 || (format as number) > 0xffffffff)
        throw wrong(`the format of ${name} must be a whole number from 1 to 4294967295`);
    }
    for (const [name, format] of Object.entries(before))
      if ((line[name] ?? 0) < (format as number)) throw wrong(`${name} was there before, in format ${format}`);
    before = line;
  }
  const missing = Object.keys(parts).find((name) => before[name] === undefined);
  if (missing !== undefined) throw bad("formats", before, `must name ${missing} in its last line`);
}

/** F05: whether this release is what the last line says. @throws RaftError `BadOption`, naming the part. */
export function checkKnown(formats: readonly FormatsOfParts[], parts: readonly KnownPart[]): void {
  for (const { name, known, hears } of parts) {
    const said = formats.at(-1)?.[name];
    if (said !== known)
      throw bad("formats", said, `must end with ${name} in format ${known}, which it knows; add a line`);
    if (!hears && formats.some((line) => line[name] !== undefined && line[name] !== known))
      throw bad(
        "formats",
        known,
        `must say ${known} of ${name} in every line: it does not hear of formats (formatOpened)`,
      );
  }
}

/** F05: the oldest format of the whole in which every part can still write. */
export function firstOf(formats: readonly FormatsOfParts[], parts: readonly KnownPart[]): number {
  const canWrite = (line: FormatsOfParts) => parts.every(({ name, first }) => (line[name] ?? first) >= first);
  return 1 + formats.findIndex(canWrite);
}

/**
 * F05: the format in which a part may be told something where that format of the whole is open; undefined where nobody can say.
 *
 * @throws RaftError `BadCommand` if the part is not there yet.
 */
export function openIn(
  formats: readonly FormatsOfParts[] | undefined,
  name: string,
  openFormat: number | undefined,
): number | undefined {
  const line = openFormat === undefined ? undefined : formats?.[openFormat - 1];
  if (line === undefined) return undefined;
  const open = line[name];
  if (open !== undefined) return open;
  const why = `format ${openFormat} is open, in which there is no ${name}: not every member has it yet`;
  throw new RaftError(
    "BadCommand",
    "refused",
    `Nothing was done: ${why}; try again when all nodes run the release that brought it.`,
  );
}
