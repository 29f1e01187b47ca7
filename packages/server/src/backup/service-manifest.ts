import { type KeyRange, keyRanges } from "@hexraft/client";
import type { BackupAbout } from "@hexraft/core";
import { type Checksum, RaftError } from "@hexraft/core/ports";
import { VERSION } from "../version.js";

/** How the file is called that says what a folder holds. */
export const MANIFEST = "manifest.json";

const FORMAT = "hexraft service backup";
const FORMAT_VERSION = 1;

/** F08: what a backup of a whole service holds. */
export interface ServiceManifest {
  /** As `hexraft serve --split-at` is told. */
  readonly splitAt: readonly string[];
  /** One for each range, ascending. */
  readonly parts: readonly ServicePart[];
}

/** The backup of one range: a file as `hexraft backup --group` writes it, and what its head says. */
export interface ServicePart extends BackupAbout {
  /** In the same folder. */
  readonly file: string;
}

/** How the part is called that holds the range at this place, from 0 on. */
export const partFile = (at: number): string => `part-${String(at + 1).padStart(3, "0")}.backup`;

/** The service's ranges, ascending. @throws RaftError `BadOption` */
export const rangesIn = ({ splitAt }: ServiceManifest): readonly KeyRange[] => keyRanges(splitAt);

/** Lays it down, for people, too. Its checksum finds accidents; blanks and line ends do not count. */
export function layManifest({ splitAt, parts }: ServiceManifest, checksum: Checksum): string {
  const body = { format: FORMAT, version: FORMAT_VERSION, writtenBy: `hexraft ${VERSION}`, splitAt, parts };
  return `${JSON.stringify({ ...body, checksum: sumOf(body, checksum) }, null, 2)}\n`;
}

/**
 * Reads one. What it says of a part is to be held against the part.
 *
 * @throws RaftError `FormatUnknown` if it is none, or of another version; `Damaged`
 */
export function readManifest(text: string, checksum: Checksum): ServiceManifest {
  const { isIntact, body } = parsed(text, checksum);
  const { format, version, splitAt, parts } = body;
  if (format !== FORMAT) throw unknown("it is not what `hexraft backup` writes; name a folder that it wrote");
  if (version !== FORMAT_VERSION)
    throw unknown(
      `it has format ${JSON.stringify(version)}, and this release reads format ${FORMAT_VERSION}; use a release that knows it`,
    );
  if (!isIntact) throw damaged("checksum mismatch");
  const isWhole = isTexts(splitAt) && Array.isArray(parts) && parts.length === splitAt.length + 1;
  if (!isWhole) throw damaged("it does not name one part for each range");
  return { splitAt, parts };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

const sumOf = (body: object, checksum: Checksum): string =>
  checksum
    .crc32(new TextEncoder().encode(JSON.stringify(body)))
    .toString(16)
    .padStart(8, "0");

interface Parsed {
  readonly isIntact: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Also what is nested too deep to be walked through is no manifest. */
function parsed(text: string, checksum: Checksum): Parsed {
  try {
    const { checksum: sum, ...body } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
    return { isIntact: sum === sumOf(body, checksum), body };
  } catch {
    throw damaged("it is no JSON");
  }
}

const damaged = (what: string): RaftError =>
  new RaftError("Damaged", "refused", `${what}; fetch it again from where it was kept, or use another backup`);

const unknown = (why: string): RaftError => new RaftError("FormatUnknown", "refused", why);
