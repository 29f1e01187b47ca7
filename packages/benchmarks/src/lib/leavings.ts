import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * What a benchmark started or wrote, and must not outlive it: it is told to stop by a signal, throws, or the process that forked it is
 * gone without a word.
 */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const removals = new Set<() => void>();
let isWatched = false;

/** A directory for this run, under the system's own for such. */
export interface TemporaryDirectory {
  readonly path: string;
  /** Removes it, and all that is in it. Idempotent. */
  readonly remove: () => void;
}

/** Makes one; it is gone when this process is, however that ends, unless by SIGKILL. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `hexraft-${name}-`));
  // Whoever was killed a moment ago may still be writing there.
  const remove = atTheEnd(() => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  return { path, remove };
}

/** The child ends with this process at the latest; one that has leavings of its own is given the signal that lets it remove them. */
export function endsWithUs(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  const kill = (): void => void child.kill(signal);
  const forget = atTheEnd(kill, () => {});
  child.once("exit", forget);
}

/** Does it when this process ends, or when what is returned is called; by then it does `early`. */
function atTheEnd(removal: () => void, early = removal): () => void {
  watch();
  removals.add(removal);
  return () => {
    if (removals.delete(removal)) early();
  };
}

function watch(): void {
  if (isWatched) return;
  isWatched = true;
  for (const signal of SIGNALS)
    process.once(signal, () => {
      removeAll();
      process.kill(process.pid, signal);
    });
  process.once("disconnect", () => process.exit(1));
  process.once("exit", removeAll);
}

/** The newest first: processes stand in directories that were made before them. */
function removeAll(): void {
  for (const removal of [...removals].toReversed()) removal();
  removals.clear();
}
