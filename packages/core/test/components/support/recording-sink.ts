import type { EventSink } from "../../../src/components/event-sink.js";
import type { RaftEvent } from "../../../src/protocol/event.js";

/** An inbox that only writes down what it gets; the test says when the next turn comes. */
export class RecordingSink implements EventSink {
  readonly events: RaftEvent[] = [];
  private work: (() => void)[] = [];

  post(event: RaftEvent): void {
    this.events.push(event);
  }

  inNextTurn(work: () => void): void {
    this.work.push(work);
  }

  /** Work that waits for a turn. */
  get waiting(): number {
    return this.work.length;
  }

  /** The next turn: runs what waited, and what came up meanwhile stays for the one after. */
  turn(): void {
    for (const work of this.work.splice(0)) work();
  }

  /** The events of one type, in order. */
  of<Type extends RaftEvent["type"]>(type: Type): Extract<RaftEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<RaftEvent, { type: Type }> => event.type === type);
  }
}
