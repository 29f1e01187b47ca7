import type { LogHole } from "../model/log-hole.js";
import type { LogWatcher } from "../ports/log-storage.js";
import type { LogDamaged, StorageFailed } from "../protocol/event.js";
import { added, NOTHING } from "../protocol/short-list.js";
import type { EventSink } from "./event-sink.js";

/**
 * L03, L04: what a log storage says unasked, holes that it finds and a death that no write has met yet, on its way to the
 * protocol. What comes before the protocol is there waits for it.
 */
export class StorageNews implements LogWatcher {
  private waiting: readonly (LogDamaged | StorageFailed)[] = NOTHING;
  private events: EventSink | undefined;

  /** @inheritDoc */
  damaged(hole: LogHole): void {
    this.tell({ type: "LogDamaged", hole });
  }

  /** @inheritDoc */
  failed(reason: string): void {
    this.tell({ type: "StorageFailed", reason });
  }

  /** From now on this one hears all, what waited first. */
  listen(events: EventSink): void {
    this.events = events;
    for (const news of this.waiting) events.post(news);
    this.waiting = NOTHING;
  }

  private tell(news: LogDamaged | StorageFailed): void {
    if (this.events === undefined) this.waiting = added(this.waiting, news);
    else this.events.post(news);
  }
}
