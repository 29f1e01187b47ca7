import { answer } from "../lib/child.js";

/*
 * A limit, not a Raft: three objects in one process, entries appended to arrays and handed on per turn, a majority
 * counted, a promise per proposal answered. No terms, no votes, no checks, no blocks, no bounds.
 */
const callers = Number(process.argv[2]);
const milliseconds = Number(process.argv[3]);
const payload = new Uint8Array(16);

interface Entry {
  readonly term: number;
  readonly data: Uint8Array;
}

class Follower {
  readonly log: Entry[] = [];
  private applied = 0;
  sum = 0;

  append(entries: readonly Entry[], commit: number, reply: (match: number) => void): void {
    for (const entry of entries) this.log.push(entry);
    for (const end = Math.min(commit, this.log.length); this.applied < end; )
      this.sum += (this.log[this.applied++] as Entry).data.length;
    reply(this.log.length);
  }
}

const followers = [new Follower(), new Follower()];
const match = [0, 0];
const log: Entry[] = [];
let waiters: ((index: number) => void)[] = [];
let answered = 0;
let sent = 0;
let commit = 0;
let scheduled = false;
let done = 0;

function flush(): void {
  scheduled = false;
  const entries = log.slice(sent);
  sent = log.length;
  for (const [i, follower] of followers.entries())
    queueMicrotask(() =>
      follower.append(entries, commit, (index) => {
        match[i] = index;
        advance();
      }),
    );
}

function advance(): void {
  const index = Math.max(match[0] as number, match[1] as number);
  while (commit < index) {
    commit++;
    (waiters[answered++] as (index: number) => void)(commit);
  }
  if (answered > 65_536) {
    waiters = waiters.slice(answered);
    answered = 0;
  }
}

function propose(data: Uint8Array): Promise<number> {
  log.push({ term: 1, data });
  if (!scheduled) {
    scheduled = true;
    setImmediate(flush);
  }
  return new Promise((resolve) => waiters.push(resolve));
}

const run = { going: true };
async function caller(): Promise<void> {
  while (run.going) {
    await propose(payload);
    done++;
  }
}

for (let i = 0; i < callers; i++) void caller();
setTimeout(() => {
  const before = done;
  const from = performance.now();
  setTimeout(() => {
    run.going = false;
    answer({ perSecond: ((done - before) / (performance.now() - from)) * 1_000 });
  }, milliseconds);
}, 500);
