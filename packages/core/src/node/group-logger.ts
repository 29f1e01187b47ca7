import type { GroupId } from "../model/node-id.js";
import type { Logger } from "../ports/logger.js";

/** What one of a process's groups has to say: each line names it. */
export class GroupLogger implements Logger {
  constructor(
    private readonly logger: Logger,
    private readonly group: GroupId,
  ) {}

  debug(message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.logger.debug(message, { group: this.group, ...facts });
  }

  info(message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.logger.info(message, { group: this.group, ...facts });
  }

  warn(message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.logger.warn(message, { group: this.group, ...facts });
  }

  error(message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.logger.error(message, { group: this.group, ...facts });
  }
}
