import type { NodeEvent } from "@hexraft/core";
import type { Envelope, NodeId } from "@hexraft/core/ports";
import type { TestMember } from "./test-member.js";

/** Watches a cluster for what must never happen, over its whole history. */
export class Judge {
  private readonly leaders = new Map<number, NodeId>();
  private readonly applied = new Map<number, string>();
  private readonly judgedLines = new Map<string, number>();
  private readonly commits = new Map<string, number>();
  private readonly acknowledged = new Set<string>();
  private readonly violations: string[] = [];

  /** I1: one leader per term. */
  heard({ id }: TestMember, event: NodeEvent): void {
    if (event.kind !== "role" || event.role !== "leader") return;
    const before = this.leaders.get(event.term);
    if (before !== undefined && before !== id)
      this.violations.push(`I1 ${before} and ${id} both led in term ${event.term}`);
    this.leaders.set(event.term, id);
  }

  /**
   * I12, the shadow crash: what leaves a node must be true of its disk at that instant, or a crash would make it a liar:
   * its term, its ballot, and the entries it acknowledges.
   */
  said({ id, disk }: TestMember, { to, message }: Envelope): void {
    const { term, vote } = disk.ballot;
    // A ballot of an older term is forgotten, rightly: the disk's higher term keeps this node from ever voting there again.
    const isBallot = (of: number, whom: NodeId) => of < term || (of === term && vote === whom);
    const lie = (what: string) =>
      this.violations.push(
        `I12 ${id} said ${what}, and its disk holds term ${term}, vote ${vote}, last ${disk.last.index}`,
      );
    switch (message.type) {
      case "PreVoteRequest":
        if (message.term > term + 1) lie(`that it would campaign in term ${message.term}`);
        return;
      case "PreVoteResponse":
        if (!message.granted && message.term > term) lie(`that it is in term ${message.term}`);
        return;
      case "VoteRequest":
        if (!isBallot(message.term, id)) lie(`that it campaigns in term ${message.term}`);
        return;
      case "VoteResponse":
        if (message.term > term) lie(`that it is in term ${message.term}`);
        if (message.granted && !isBallot(message.term, to)) lie(`that it voted for ${to} in term ${message.term}`);
        return;
      case "AppendEntriesResponse":
        if (message.success && message.match > disk.last.index) lie(`that it holds entry ${message.match}`);
        if (message.term > term) lie(`that it is in term ${message.term}`);
        return;
      default:
        if ("term" in message && message.term > term) lie(`that it is in term ${message.term}`);
    }
  }

  /** A caller was told that this command is applied. */
  acknowledge(command: string): void {
    this.acknowledged.add(command);
  }

  /** Somebody else saw something. */
  report(violation: string): void {
    this.violations.push(violation);
  }

  /** Who led in which term. */
  get leaderOfTerm(): ReadonlyMap<number, NodeId> {
    return this.leaders;
  }

  /**
   * I5, I7: an index means the same entry on every node, in every life. I8: commit never falls within a life.
   * I9: applied ≤ commit ≤ last; what was purged is applied, or in a durable snapshot that is about to be loaded.
   *
   * @throws Error with everything that was found.
   */
  judge(members: readonly TestMember[]): void {
    for (const member of members) {
      this.judgeLines(member);
      if (member.isUp) this.judgeIndices(member);
    }
    if (this.violations.length > 0) throw new Error(`safety is broken:\n  ${this.violations.join("\n  ")}`);
  }

  /** I16: acknowledged commands that this member does not have. */
  missing(member: TestMember): readonly string[] {
    const there = new Set(member.lines);
    return [...this.acknowledged].filter((command) => !there.has(command));
  }

  private judgeLines({ id, life, machine }: TestMember): void {
    const key = `${id}/${life}`;
    const { lines } = machine;
    for (let at = this.judgedLines.get(key) ?? 0; at < lines.length; at++) {
      const { index, term, text } = lines[at] as (typeof lines)[number];
      const entry = `term ${term}: ${text}`;
      const known = this.applied.get(index);
      if (known !== undefined && known !== entry)
        this.violations.push(`I5 entry ${index} is "${known}" elsewhere, and "${entry}" on ${id}`);
      this.applied.set(index, entry);
      if (at > 0 && index <= (lines[at - 1]?.index ?? 0))
        this.violations.push(`R14 ${id} applied entry ${index} again`);
    }
    this.judgedLines.set(key, lines.length);
  }

  private judgeIndices(member: TestMember): void {
    const { id, life } = member;
    const { commitIndex, appliedIndex, last, base } = member.describe();
    const key = `${id}/${life}`;
    if (commitIndex < (this.commits.get(key) ?? 0))
      this.violations.push(`R08 the commit index of ${id} fell to ${commitIndex}`);
    this.commits.set(key, commitIndex);
    const kept = Math.max(appliedIndex, member.disk.snapshotIndex);
    const inOrder = base.index <= kept && appliedIndex <= commitIndex && commitIndex <= last.index;
    if (!inOrder)
      this.violations.push(
        `I9 ${id}: base ${base.index}, applied ${appliedIndex}, commit ${commitIndex}, last ${last.index}`,
      );
  }
}
