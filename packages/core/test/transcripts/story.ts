import type { Envelope } from "../../src/model/message.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { Effect } from "../../src/protocol/effect.js";
import { inLetters, jointMembership, target } from "../support/joint-membership.js";
import { Lab, type LabNode, type LabOptions, T } from "../support/lab.js";
import { effectInWords, eventInWords, orderInWords } from "./in-words.js";

/*
 * A transcript is a story on a lab's table: lines that begin with `#` are told, lines that begin at the margin are
 * commands, and indented lines are what followed. The same text is input and expected output.
 *
 *   nodes a b c ~l ?x a:1,1,2 name=number   members (~: learner, ?: nobody's as yet), logs by terms (after entry 1), options; term=… for all
 *   timeout a [b]          T passes, and their election waits run out
 *   expire a               its election wait runs out now
 *   deliver [a>b|a>|>b] [Heartbeat …]   what lies on the wire now (of these types) arrives; drop …: is lost
 *   persist a [n]          the disk ends its first n writes (all)
 *   settle                 disks, messages and turns, until nothing moves; hold-disk a, free-disk a
 *   beat a                 a heartbeat interval passes on it; beats a 5: five of them, each with all that follows
 *   propose a x y, turn a, pass ms, snapshot a
 *   lease a, bounded b 300 a read under the lease, or not older than 300 ms; pause a 50: it stood still
 *   change a bcd~e         a is asked for these voters and learners; cancel a, transfer a b; members: who knows which
 *   cut a b, cut a>b, isolate a, heal, crash a, restart a
 *   status [a b]           who they are, and their logs as terms: what stands before | is committed
 *   quietly …              the same without a word
 */

/** Runs the commands of a transcript and returns it with what followed. */
export function tell(script: string): string {
  const story = new Story();
  const told: string[] = [];
  for (const line of script.split("\n")) {
    if (line.startsWith("  ")) continue;
    told.push(line);
    if (line.trim() !== "" && !line.startsWith("#")) told.push(...story.run(line));
  }
  return told.join("\n");
}

class Story {
  private lab = new Lab(["nobody"]);
  private lines: string[] = [];
  /** What the hands do next. */
  private readonly hands: (() => void)[] = [];

  run(line: string): string[] {
    this.lines = [];
    const [command = "", ...words] = line.trim().split(/\s+/);
    if (command === "quietly") {
      this.run(words.join(" "));
      return [];
    }
    this.obey(command, words);
    this.finishWork();
    return this.lines.length > 0 ? this.lines : ["  nothing follows"];
  }

  private finishWork(): void {
    for (let next = this.hands.shift(); next !== undefined; next = this.hands.shift()) next();
  }

  private settle(): void {
    do {
      this.finishWork();
      this.lab.settle();
    } while (this.hands.length > 0);
  }

  private obey(command: string, words: string[]): void {
    const lab = this.lab;
    const [first = "", second = ""] = words;
    switch (command) {
      case "nodes":
        return this.seat(words);
      case "timeout":
        return this.timeOut(words);
      case "deliver":
        lab.deliver(fits(words));
        return;
      case "expire":
        lab.fire(first, "election");
        return;
      case "drop":
        for (const { from, to, message } of lab.take(fits(words)))
          this.lines.push(`  lost: ${from} → ${to} ${message.type}`);
        return;
      case "persist":
        lab.persist(first, second === "" ? undefined : Number(second));
        return;
      case "settle":
        return this.settle();
      case "propose":
        lab.propose(first, ...words.slice(1));
        return;
      case "beat":
        lab.pass(T / 5).fire(first, "heartbeat");
        return;
      case "beats":
        for (let i = 0; i < Number(second); i++) {
          lab.pass(T / 5).fire(first, "heartbeat");
          this.settle();
        }
        return;
      case "turn":
        lab.step(first, { type: "TurnEnded" });
        return;
      case "change": {
        const [voters = "", learners = ""] = second.split("~");
        lab.step(first, { type: "ChangeRequested", request: 1, target: target(voters, learners), expected: null });
        return;
      }
      case "cancel":
        lab.step(first, { type: "ChangeCancelled", request: 2, change: null });
        return;
      case "transfer":
        lab.step(first, { type: "TransferRequested", request: 3, to: second, isStopping: false });
        return;
      case "lease":
        lab.step(first, { type: "LeaseReadRequested", requests: [1] });
        return;
      case "bounded":
        lab.step(first, { type: "BoundedReadRequested", reads: [{ request: 1, maxStalenessMs: Number(second) }] });
        return;
      case "pause":
        lab.step(first, { type: "EventLoopPaused", forMs: Number(second) });
        return;
      case "members":
        return this.membersOf([...lab.nodes.keys()]);
      case "pass":
        lab.pass(Number(first));
        return this.note(`${lab.now} ms have passed since the beginning`);
      case "snapshot":
        lab.step(first, { type: "SnapshotRequested" });
        return;
      case "status":
        return this.status(words.length > 0 ? words : [...lab.nodes.keys()]);
      default:
        return this.disturb(command, words);
    }
  }

  /** What is done to nodes, disks and links from outside. */
  private disturb(command: string, words: string[]): void {
    const lab = this.lab;
    const [first = "", second = ""] = words;
    switch (command) {
      case "hold-disk":
        lab.heldDisks.add(first);
        return this.note(`${first}'s writes wait`);
      case "free-disk":
        lab.heldDisks.delete(first);
        return this.note(`${first}'s disk writes again`);
      case "cut":
        if (first.includes(">")) lab.cuts.add(first);
        else lab.cut(first, second);
        return this.note(
          first.includes(">")
            ? `nothing passes from ${first.replace(">", " to ")}`
            : `nothing passes between ${first} and ${second}`,
        );
      case "isolate":
        lab.isolate(first);
        return this.note(`nothing passes to or from ${first}`);
      case "heal":
        lab.heal();
        return this.note("everything passes again");
      case "crash":
        lab.crash(first);
        return this.note(`${first} is gone, with all that was not on its disk`);
      case "restart":
        lab.restart(first);
        return;
      default:
        throw new Error(`a transcript has no command ${command}`);
    }
  }

  private note(line: string): void {
    this.lines.push(`  ${line}`);
  }

  private seat(words: readonly string[]): void {
    const names = words.filter((word) => !word.includes("="));
    const idOf = (word: string): string => word.replace(/[~?]/, "").split(":")[0] ?? "";
    const strangers = names.filter((word) => word.startsWith("?")).map(idOf);
    const given = Object.fromEntries(
      words.flatMap((word) => (word.includes("=") ? [word.split("=") as [string, string]] : [])),
    );
    const { term, ...numbers } = given;
    const options: LabOptions = {
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)])),
      membership: jointMembership,
      strangers,
      learners: names.filter((word) => word.startsWith("~")).map(idOf),
      logs: Object.fromEntries(
        names.map((word) => [idOf(word), (word.split(":")[1] ?? "").split(",").filter(Boolean).map(Number)]),
      ),
      hardStates:
        term === undefined ? {} : Object.fromEntries(names.map((word) => [idOf(word), { term: Number(term) }])),
    };
    this.lab = new Lab(
      names.map(idOf).filter((id) => !strangers.includes(id)),
      options,
    );
    this.lab.observer = {
      stepping: ({ id }, event) => this.lines.push(`  ${id}  ${eventInWords(event)}`),
      ran: (node, effects) => this.ran(node, effects),
      saidAfter: (_, order) => {
        if (order.type === "Send") this.lines.push(`       ${orderInWords(order)}`);
      },
    };
    this.status(names.map(idOf));
  }

  private ran(node: LabNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      const words = effectInWords(effect);
      if (words !== undefined) this.lines.push(`       ${words}`);
      this.lendHands(node, effect);
    }
  }

  private timeOut(ids: readonly string[]): void {
    if (ids.length === 1) {
      this.lab.timeOut(ids[0] ?? "");
      return;
    }
    this.lab.pass(T);
    for (const id of ids) this.lab.fire(id, "election");
  }

  /** The hands that the lab lacks: entries are read back block by block, snapshots saved, streamed and loaded at once. */
  private lendHands({ id, raft, disk }: LabNode, effect: Effect): void {
    const later = (work: () => void) => this.hands.push(work);
    switch (effect.type) {
      case "FetchEntries":
        return void later(() => {
          const { to, term, from } = effect;
          const blocks = disk.blocks.filter(({ last }) => last >= from).slice(0, 1);
          this.lab.step(id, { type: "EntriesFetched", to, term, from, blocks });
        });
      case "TakeSnapshot":
        return void later(() => {
          const { appliedIndex } = raft.describe(this.lab.now);
          const meta: SnapshotMeta = {
            id: { index: appliedIndex, term: raft.termAt(appliedIndex) ?? 0 },
            configuration: raft.configurationAt(appliedIndex),
            logTimeMs: 0,
            formatVersion: 1,
            sizeBytes: 1,
            checksum: 0,
          };
          disk.snapshot = meta;
          this.lab.step(id, { type: "SnapshotSaved", meta });
        });
      case "ReceiveSnapshot":
        return void later(() =>
          this.lab.step(id, { type: "SnapshotSinkOpened", transfer: effect.transfer, offset: 0 }),
        );
      case "SendSnapshot":
        return void later(() => {
          const { to, transfer, meta } = effect;
          this.lab.step(id, { type: "SnapshotSent", to, transfer, ok: true });
          this.lab.node(to).disk.snapshot = meta;
          this.lab.step(to, { type: "SnapshotReceived", transfer, meta });
        });
      case "LoadSnapshot":
        return void later(() => this.lab.step(id, { type: "SnapshotLoaded", meta: effect.meta }));
      default:
        return undefined;
    }
  }

  /** The voters before and after `>`, learners after `~`, where that stands, and whether it is known to be committed. */
  private membersOf(ids: readonly string[]): void {
    for (const id of ids) {
      const { configuration, commitIndex, change } = this.lab.describe(id);
      const { index } = configuration.id;
      const stage = change === null ? "" : `, ${change.stage}`;
      const known = index === 0 ? "nobody" : `${inLetters(configuration.configuration)} at ${index}`;
      this.lines.push(`  ${id}  ${known}${index > 0 && index <= commitIndex ? ", committed" : ""}${stage}`);
    }
  }

  private status(ids: readonly string[]): void {
    const width = Math.max(...ids.map((id) => id.length));
    for (const id of ids) {
      const { role, term, votedFor, base, commitIndex, last } = this.lab.describe(id);
      const terms = this.lab.terms(id);
      const committed = terms.slice(0, Math.max(0, commitIndex - base.index)).join(" ");
      const rest = terms.slice(Math.max(0, commitIndex - base.index)).join(" ");
      const start = base.index === 0 ? "" : `(${base.index}@${base.term}) `;
      const alive = this.lab.node(id).alive ? role : "down";
      const vote = votedFor === null ? "" : ` for ${votedFor}`;
      const log = `${start}${committed} | ${rest}`.replaceAll("  ", " ").trim();
      this.lines.push(
        `  ${id.padEnd(width)}  ${alive.padEnd(13)} term ${term}${vote.padEnd(6)}  log ${log}  ends ${last.index}@${last.term}`,
      );
    }
  }
}

/** `a>b`, `a>`, `>b`, or nothing for all; then message types, or nothing for all. */
function fits(words: readonly string[]) {
  const link = words.find((word) => word.includes(">")) ?? ">";
  const types = words.filter((word) => word !== link);
  const [from = "", to = ""] = link.split(">");
  return (envelope: Envelope): boolean =>
    (from === "" || envelope.from === from) &&
    (to === "" || envelope.to === to) &&
    (types.length === 0 || types.includes(envelope.message.type));
}
