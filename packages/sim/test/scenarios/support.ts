import type { MessageType, NodeId } from "@hexraft/core/ports";
import { type KvCommand, type KvQuery, put } from "@hexraft/statemachine-kv";
import { type Cast, play, type Stage, traceAsText, type World } from "@hexraft/testing/simulator";
import { expect } from "vitest";
import { worlds } from "../../src/index.js";

/** T of the stories, ms. */
export const T = 150;

/** A stage on which the key-value service plays, over files. */
export type KvStage = Stage<KvCommand, KvQuery>;

/** Lines of a failed story's trace that its message shows. */
const LINES_SHOWN = 60;
const decoder = new TextDecoder();

/** Writes a text under its first word. */
export const say = (text: string): KvCommand => put(text.split(" ", 1)[0] ?? "", text);

/** `count` texts, each under its own key. */
export const texts = (count: number, what: string): KvCommand[] =>
  Array.from({ length: count }, (_, i) => say(`${what}.${i}`));

/** What was written on a node, in order. */
export const said = (stage: KvStage, id: NodeId): string[] =>
  stage.applied(id).flatMap((command) => (command.type === "put" ? [decoder.decode(command.value)] : []));

/** What one node asks of another, in the sense of an RPC; answers are not counted. */
const REQUESTS: readonly MessageType[] = [
  "PreVoteRequest",
  "VoteRequest",
  "AppendEntries",
  "Heartbeat",
  "InstallSnapshot",
];

/** The leader of a cluster at rest, and two of the others: of three nodes, all. */
export const cast = async (stage: KvStage): Promise<[leader: NodeId, one: NodeId, two: NodeId]> => {
  const leader = await stage.settled();
  return [leader, ...stage.others(leader).slice(0, 2)] as [NodeId, NodeId, NodeId];
};

/** Requests sent since that time. */
export const requests = (stage: KvStage, since = 0): number =>
  REQUESTS.reduce((sum, type) => sum + stage.messages(type, { since, fate: "sent" }).length, 0);

/** Bytes of entries sent since that time. */
export const entryBytes = (stage: KvStage, since: number): number =>
  stage
    .messages("AppendEntries", { since, fate: "sent" })
    .flatMap(({ blocks }) => blocks)
    .reduce((sum, block) => sum + block.sizeBytes, 0);

/** One message in ten is lost, one in ten arrives twice. */
export const unreliable = (stage: KvStage): void =>
  void stage.inflict({ kind: "noise", drop: 0.1, duplicate: 0.1, reorder: 0, late: 0 });

/**
 * A test's body: the story from the first leader on. Afterwards everything is healed, and must come back to life; the
 * invariants were judged after every event, and what clients were told is linearizable.
 */
export const story =
  (who: Cast, body: (stage: KvStage) => Promise<void>, world: World = worlds.files): (() => Promise<void>) =>
  async () => {
    const all = { ...who, options: { electionTimeoutMs: T, ...who.options } };
    const { violation, undecided } = await play(world, all, body);
    expect(undecided).toBe(false);
    if (violation === undefined) return;
    // The same story again is the same run; this time it is written down.
    const { lines } = await play(world, { ...all, trace: true }, body);
    expect.fail(`${violation.message}\n${traceAsText(lines.slice(-LINES_SHOWN))}`);
  };
