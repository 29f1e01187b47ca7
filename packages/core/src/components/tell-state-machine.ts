import type { StateMachine } from "../ports/state-machine.js";
import type { TellStateMachine } from "../protocol/effect.js";

/** Tells the state machine what it wanted to hear of. */
export function tellStateMachine(stateMachine: StateMachine, what: TellStateMachine["what"]): void {
  switch (what.call) {
    case "leaderStart":
      return stateMachine.leaderStart?.(what.term);
    case "leaderStop":
      return stateMachine.leaderStop?.();
    case "startFollowing":
      return stateMachine.startFollowing?.(what.leader, what.term);
    case "stopFollowing":
      return stateMachine.stopFollowing?.(what.leader, what.term);
    case "configurationCommitted":
      return stateMachine.configurationCommitted?.(what.configuration, what.index);
    default:
      return what satisfies never;
  }
}
