import type { StateMachine } from "@hexraft/core/ports";
import type { KnownPart } from "./formats-of-parts.js";

/** One part as it runs. */
export interface RunningPart extends KnownPart {
  readonly machine: StateMachine;
  known: number;
  first: number;
  /** F05: the one that it may write. */
  open: number;
  /** It was told something, so that its state may be another than that of a new one. */
  touched: boolean;
}

/** One that was not opened yet. */
export function runningPart(name: string, machine: StateMachine): RunningPart {
  const hears = machine.formatOpened !== undefined;
  return { name, machine, known: 1, first: 1, hears, open: 1, touched: false };
}

/** F05: tells it of its own format, if that is newer than the one it may write already. */
export function openPart(part: RunningPart, formatVersion: number): void {
  if (formatVersion <= part.open) return;
  part.open = formatVersion;
  part.machine.formatOpened?.(formatVersion);
}

/** F05: why a part cannot be loaded in this format. @param listed - what this release says of it, where formats are listed. */
export function formatFault(
  { name, known, hears }: RunningPart,
  formatVersion: number,
  listed: number | undefined,
): string | undefined {
  if (!hears) return undefined;
  if (formatVersion > known) return `holds ${name} in format ${formatVersion}, and the one here knows ${known}`;
  if (listed === undefined || listed === formatVersion) return undefined;
  return `holds ${name} in format ${formatVersion}, where the formats listed here say ${listed}: they are another history`;
}
