import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { type DirectoryLock, RaftError } from "@hexraft/core/ports";
import { type Holder, isAlive, parseHolder, thisProcess } from "./holder.js";
import { LifeSocket } from "./life-socket.js";

/*
 * L11, docs/adr/0004-directory-lock.md. Node.js offers no flock, so the lock is a file `LOCK.<n>` that names its holder,
 * and `n` only ever grows:
 *
 * - Whoever finds the highest record dead or released makes `LOCK.<n+1>` with link(), which gives the name and the whole
 *   content in one step and fails for all but one. Nobody ever removes or renames the record it judged.
 * - The winner looks again: if there is a higher number by now, it slept through somebody's whole tenure, and lost.
 * - A lower number is removed only by the holder of a higher one, and a release empties the record and leaves it there;
 *   so the highest number never falls, and no sleeper can find a free name below a live holder.
 */

/** Attempts at a number that others keep taking; each loss means that somebody else won, so this ends long before. */
const ATTEMPTS_MAX = 1_000;
const RECORD = /^LOCK\.(\d{1,15})$/;
const BY_PRODUCT = /^LOCK\.[0-9a-f]{16}\.(?:socket|new)$/;

/** Takes the directory for this process, or refuses at once. */
export function takeDirectory(directory: string): DirectoryLock {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const highest = highestRecord(directory);
    const holder = highest === 0 ? undefined : readHolder(directory, highest);
    if (holder !== undefined && isAlive(directory, holder)) throw locked(directory, holder, highest);
    const lock = tryToTake(directory, highest + 1);
    if (lock !== undefined) return lock;
  }
  throw new RaftError(
    "DirectoryLocked",
    "refused",
    `could not take ${directory}: ${ATTEMPTS_MAX} others were faster. Start one process per directory.`,
    { directory },
  );
}

function tryToTake(directory: string, number: number): DirectoryLock | undefined {
  const record = recordPath(directory, number);
  const unique = `LOCK.${randomBytes(8).toString("hex")}`;
  const socket = LifeSocket.open(directory, `${unique}.socket`);
  const draft = join(directory, `${unique}.new`);
  try {
    fs.writeFileSync(draft, JSON.stringify({ ...thisProcess(), socket: socket?.name ?? null }), {
      mode: 0o600,
      flag: "wx",
    });
    fs.linkSync(draft, record);
  } catch (error) {
    socket?.close();
    const { code } = error as NodeJS.ErrnoException;
    // EEXIST: another one has the number. ENOENT: a new holder cleared away our draft; it is alive, or was.
    if (code === "EEXIST" || code === "ENOENT") return undefined;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
  if (highestRecord(directory) > number) {
    socket?.close();
    fs.rmSync(record, { force: true });
    return undefined;
  }
  clearAway(directory, number, socket?.name);
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      // A directory that was removed under its holder needs no release.
      if (fs.existsSync(record)) fs.truncateSync(record, 0);
      socket?.close();
    },
  };
}

/** What earlier holders and losers left. A starter whose draft goes with it loses nothing: it would have been refused. */
function clearAway(directory: string, number: number, ownSocket: string | undefined): void {
  for (const name of fs.readdirSync(directory)) {
    const old = Number(RECORD.exec(name)?.[1] ?? number) < number;
    if (old || (BY_PRODUCT.test(name) && name !== ownSocket)) fs.rmSync(join(directory, name), { force: true });
  }
}

/** The number of the newest record, 0 if there never was one. */
function highestRecord(directory: string): number {
  return fs.readdirSync(directory).reduce((most, name) => Math.max(most, Number(RECORD.exec(name)?.[1] ?? 0)), 0);
}

/** Who holds the record; `undefined` if it was released, or lost its content with the power. */
function readHolder(directory: string, number: number): Holder | undefined {
  try {
    return parseHolder(fs.readFileSync(recordPath(directory, number), "utf8"));
  } catch (error) {
    // Removed by the holder of a higher one: the next attempt for this number fails its second look.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const recordPath = (directory: string, number: number): string => join(directory, `LOCK.${number}`);

function locked(directory: string, holder: Holder, number: number): RaftError {
  const own = holder.pid === process.pid ? ", this very process" : "";
  return new RaftError(
    "DirectoryLocked",
    "refused",
    `${directory} is in use by process ${holder.pid}${own} on ${holder.host}. Stop that process first, or use another directory. ` +
      `(Only if you know that it is gone: remove ${recordPath(directory, number)}.)`,
    { directory, pid: holder.pid, host: holder.host },
  );
}
