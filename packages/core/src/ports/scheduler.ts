import type { SchedulerLike } from "rxjs";
import { token } from "./token.js";

/**
 * RxJS's `SchedulerLike`, on a *monotonic* clock: `now()` must be that of {@link Clock.monotonic} (E22). An action whose
 * delay is d runs no earlier than d ms later, and never within the call that schedules it. Only the TimerService and
 * client-facing deadlines use it. Proved by the Scheduler laws of `@hexraft/testing/conformance`.
 */
export type Scheduler = SchedulerLike;
/** DI token of the port. */
export const Scheduler = token<Scheduler>("Scheduler");
