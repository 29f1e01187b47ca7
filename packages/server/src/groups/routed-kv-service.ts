import { type KeyRange, RANGES_MAX, rangeOf } from "@hexraft/client";
import type { Consistency, ReadToken } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import {
  type KvAnswer,
  type KvAnswerOf,
  type KvCommand,
  type KvQuery,
  type KvRange,
  type KvRangeAnswer,
  type KvResultOf,
  type KvScan,
  type KvScanAnswer,
  type KvSize,
  type KvSizeAnswer,
  SCAN_START,
} from "@hexraft/statemachine-kv";
import { type CommandNumber, type OpenedSession, sessionOfGroup } from "../kv/command-number.js";
import type { KvService } from "../kv/kv-service.js";
import { keysOfCommand, keysOfQuery } from "./keys-of.js";

/** A range of the keys, and who serves it. */
export interface RoutedRange extends KeyRange {
  readonly kv: KvService;
}

/**
 * Several groups behind one door, each with its range of the keys: what concerns one range goes to its group. There is no
 * transaction over groups: commands over keys of several are refused, and pages never reach from one into the next.
 */
export class RoutedKvService implements KvService {
  /** @param ranges - all keys, ascending. */
  constructor(private readonly ranges: readonly RoutedRange[]) {}

  async apply<C extends KvCommand>(command: C, number?: CommandNumber): Promise<KvResultOf<C>> {
    const holder = this.holderOf(keysOfCommand(command));
    if (number === undefined) return holder.kv.apply(command);
    const session = sessionOfGroup(number.session, this.ranges.indexOf(holder), this.ranges.length);
    return holder.kv.apply(command, { ...number, session });
  }

  /**
   * A session in each group, behind one name. In all of them at once: a group that met the name later could not tell whether its client
   * is new there, or had a session there that expired with what it had done (C04).
   */
  async openSession(nonce: Uint8Array): Promise<OpenedSession> {
    const each = await Promise.all(this.ranges.map(({ kv }) => kv.openSession(nonce)));
    const session = each.map((opened) => opened.session).join(".");
    return { session, ttlMs: Math.min(...each.map(({ ttlMs }) => ttlMs)) };
  }

  async read<Q extends KvQuery>(query: Q, consistency?: Consistency): Promise<KvAnswerOf<Q>> {
    return (await this.answer(query, consistency)) as KvAnswerOf<Q>;
  }

  readToken(about?: Uint8Array): ReadToken {
    return about === undefined ? "" : this.holderOf([about]).kv.readToken();
  }

  private answer(query: KvQuery, consistency: Consistency | undefined): Promise<KvAnswer> {
    switch (query.type) {
      case "range":
        return this.page(query, consistency);
      case "scan":
        return this.scanPage(query, consistency);
      case "size":
        return this.size(query, consistency);
      case "stats":
        throw new RaftError(
          "BadCommand",
          "refused",
          "Figures are told of one group; ask each (HexraftClient, option group).",
        );
      default:
        return this.holderOf(keysOfQuery(query)).kv.read(query, consistency);
    }
  }

  /** The group that holds all these keys. @throws RaftError `BadCommand` */
  private holderOf(keys: readonly Uint8Array[]): RoutedRange {
    const holders = new Set(keys.map((key) => rangeOf(this.ranges, key)));
    const [holder = this.ranges[0] as RoutedRange, ...more] = holders;
    if (more.length === 0) return holder;
    const named = [holder, ...more].map(({ group }) => group).join(", ");
    throw new RaftError(
      "BadCommand",
      "refused",
      `Nothing was done: its keys are in several groups (${named}), and no command reaches over groups; send one for each group.`,
    );
  }

  /** A page of the group in which it begins. Where that group's keys end the next page begins in its neighbour. */
  private async page(query: KvRange, consistency: Consistency | undefined): Promise<KvRangeAnswer> {
    const { start, end, reverse } = query;
    const isBelowEnd = (from: Uint8Array) => end === undefined || Buffer.compare(from, end) < 0;
    const first = reverse
      ? this.ranges.findLast(({ from }) => isBelowEnd(from))
      : rangeOf(this.ranges, start ?? new Uint8Array(0));
    const { kv, from, to } = (first ?? this.ranges[0]) as RoutedRange;
    const page = await kv.read(query, consistency);
    if (page.next !== null) return page;
    const goesOn = reverse
      ? from.length > 0 && (start === undefined || Buffer.compare(start, from) < 0)
      : to !== null && isBelowEnd(to);
    return goesOn ? { ...page, next: reverse ? from : to } : page;
  }

  /** All keys, group after group: a cursor is the group's own, and which group it is of. */
  private async scanPage(query: KvScan, consistency: Consistency | undefined): Promise<KvScanAnswer> {
    const said = Number(query.cursor);
    const at = said % RANGES_MAX;
    const range = this.ranges[at];
    if (range === undefined)
      throw new RaftError(
        "BadCommand",
        "refused",
        `The cursor ${query.cursor} is not one that a scan gave here; begin with "0".`,
      );
    const page = await range.kv.read({ ...query, cursor: String(Math.floor(said / RANGES_MAX)) }, consistency);
    const isLast = page.cursor === SCAN_START;
    if (isLast && at === this.ranges.length - 1) return page;
    return { ...page, cursor: String(isLast ? at + 1 : Number(page.cursor) * RANGES_MAX + at) };
  }

  /** The keys of all groups, each counted at an instant of its own. */
  private async size(query: KvSize, consistency: Consistency | undefined): Promise<KvSizeAnswer> {
    const each = await Promise.all(this.ranges.map(({ kv }) => kv.read(query, consistency)));
    return { type: "size", keys: each.reduce((sum, { keys }) => sum + keys, 0) };
  }
}
