import { type Configuration, type ConfigurationEntry, NO_CONFIGURATION } from "../model/configuration.js";
import { LOG_START, type LogIndex } from "../model/log-id.js";

const NONE: ConfigurationEntry = { id: LOG_START, configuration: NO_CONFIGURATION };

/**
 * The history of configurations: one per configuration entry in the log, and the one that the log's base stands on.
 * M01: the newest one counts as soon as it is appended, and the one before counts again when its entry is truncated (§6).
 */
export class ConfigurationManager {
  private history: ConfigurationEntry[];

  /** @param found - ascending: that of the base, if any, and those of the log. */
  constructor(found: readonly ConfigurationEntry[]) {
    this.history = found.slice();
  }

  /** The node's own configuration: the newest in its log, committed or not. */
  get own(): ConfigurationEntry {
    return this.history[this.history.length - 1] ?? NONE;
  }

  /** The one just before the own one (E19). */
  get previous(): ConfigurationEntry {
    return this.history[this.history.length - 2] ?? NONE;
  }

  /** S01: the newest one at or below `index`. */
  at(index: LogIndex): ConfigurationEntry {
    for (let i = this.history.length - 1; i >= 0; i--) {
      const entry = this.history[i] as ConfigurationEntry;
      if (entry.id.index <= index) return entry;
    }
    return NONE;
  }

  /** Those above `from` and up to `to`, ascending. */
  between(from: LogIndex, to: LogIndex): ConfigurationEntry[] {
    if (this.own.id.index <= from) return [];
    return this.history.filter((entry) => entry.id.index > from && entry.id.index <= to);
  }

  /** M01: takes effect at once. */
  append(entry: ConfigurationEntry): void {
    this.history = this.history.concat(entry);
  }

  /** L03: takes its place between the others; one that is known already changes nothing. */
  insert(entry: ConfigurationEntry): void {
    if (this.history.some(({ id }) => id.index === entry.id.index)) return;
    const after = this.history.findIndex(({ id }) => id.index > entry.id.index);
    this.history.splice(after < 0 ? this.history.length : after, 0, entry);
  }

  /** M01: those at or above `index` never were. @returns whether the own one changed. */
  truncateFrom(index: LogIndex): boolean {
    const kept = this.history.filter((entry) => entry.id.index < index);
    const changed = kept.length !== this.history.length;
    this.history = kept;
    return changed;
  }

  /** Keeps the one that the new base stands on, and all later ones. */
  compactTo(index: LogIndex): void {
    const standing = this.at(index);
    this.history = this.history.filter((entry) => entry === standing || entry.id.index > index);
  }

  /** S11: the log's base stands on this one; those of the log above it stay. */
  standOn(entry: ConfigurationEntry): void {
    this.history = [entry, ...this.history.filter(({ id }) => id.index > entry.id.index)];
  }

  /** S05: the whole history is replaced by a snapshot's configuration. */
  resetTo(entry: ConfigurationEntry): void {
    this.history = [entry];
  }

  /** The own configuration itself. */
  get current(): Configuration {
    return this.own.configuration;
  }
}
