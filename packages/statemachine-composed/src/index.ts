/**
 * Several state machines under their own names in one group.
 *
 * @module
 */
export { type Caller, type Callers, type ComposedNode, callersOf } from "./callers.js";
export { ComposedCodec } from "./composed-codec.js";
export { composed } from "./composed-module.js";
export { ComposedStateMachine } from "./composed-state-machine.js";
export { type ComposedOptions, FORMATS_MAX, type FormatsOfParts } from "./formats-of-parts.js";
export {
  type AnswerOf,
  type CommandOf,
  type ComposedCommand,
  type ComposedQuery,
  PARTS_MAX,
  type Part,
  PartResult,
  type Parts,
  part,
  type QueryOf,
  type ResultOf,
} from "./parts.js";
