import type { SchedulerLike } from "rxjs";
import { token } from "./token.js";

/**
 * RxJS's `SchedulerLike`, on a *monotonic* clock: `now()` must be that of {@link Clock.monotonic} (E22). An action whose
 * delay is d runs no earlier than d ms later. Only the TimerService and client-facing deadlines use it.
 */
export type Scheduler = SchedulerLike;
/** DI token of the port. */
export const Scheduler = token<Scheduler>("Scheduler");
