import type { Millis } from "../model/log-id.js";
import type { StepObserver } from "../ports/step-observer.js";
import type { Effect } from "../protocol/effect.js";
import type { RaftEvent } from "../protocol/event.js";
import type { Raft } from "../protocol/raft.js";
import type { Stepper } from "./inbox.js";

/** The protocol with somebody watching each step. */
export class ObservedRaft implements Stepper {
  constructor(
    private readonly raft: Raft,
    private readonly observer: StepObserver,
  ) {}

  get turnWork(): boolean {
    return this.raft.turnWork;
  }

  step(event: RaftEvent, now: Millis): readonly Effect[] {
    const effects = this.raft.step(event, now);
    this.observer.stepped(this.raft, event, effects, now);
    return effects;
  }
}
