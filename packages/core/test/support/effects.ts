import type { Message } from "../../src/model/message.js";
import type { Effect, Persist, Send } from "../../src/protocol/effect.js";
import type { Lab } from "./lab.js";

/** Who is told what, as values. */
export interface Said {
  readonly to: string;
  readonly message: Message;
}

const said = ({ to, message }: Send): Said => ({ to, message });

/** What leaves at once. */
export const sent = (effects: readonly Effect[]): Said[] => effects.filter((each) => each.type === "Send").map(said);

/** The writes. */
export const writes = (effects: readonly Effect[]): Persist[] => effects.filter((each) => each.type === "Persist");

/** What is said once the writes are durable. */
export const saidAfter = (effects: readonly Effect[]): Said[] =>
  writes(effects).flatMap(({ then }) => then.filter((each) => each.type === "Send").map(said));

/** The hard state that is written, as term and vote. */
export const written = (effects: readonly Effect[]): { term: number; vote: string | null }[] =>
  writes(effects).flatMap(({ hardState }) =>
    hardState === undefined ? [] : [{ term: hardState.term, vote: hardState.vote?.id ?? null }],
  );

/** The bounds that election waits were armed with. */
export const waits = (effects: readonly Effect[]): (readonly [number, number])[] =>
  effects.flatMap((each) => (each.type === "ArmTimer" && each.timer === "election" ? [each.between] : []));

/** What is on the wire now, as "a>b Type". */
export const onWire = ({ wire }: Lab): string[] => wire.map(({ from, to, message }) => `${from}>${to} ${message.type}`);

/** What was dropped at a node, by reason. */
export const dropped = (lab: Lab, id: string): Readonly<Record<string, number>> => lab.describe(id).droppedMessages;
