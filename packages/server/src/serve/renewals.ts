import type { Logger } from "@hexraft/core/ports";
import type { Access } from "../access/access.js";
import { readAccess } from "../access/access-file.js";
import type { DoorTls } from "./door-tls.js";

/** What may change under a running node, and where it comes from. */
export interface Renewable {
  /** Who may use the doors. */
  readonly access: Access;
  /** The file that says so; absent: nothing of it can change. */
  readonly accessFile: string | undefined;
  /** What the doors prove themselves with; absent: nothing. */
  readonly tls: DoorTls | undefined;
}

/** Looks now and then, and when it is told to, whether the access file or the doors' certificate have changed. */
export class Renewals {
  private readonly timer: NodeJS.Timeout;
  /** What the file was refused for last; said once, and not at every look. */
  private complaint = "";

  constructor(
    private readonly parts: Renewable,
    private readonly logger: Logger,
    intervalMs: number,
  ) {
    this.timer = setInterval(() => void this.look(), intervalMs).unref();
  }

  /** Looks at once; resolves when what is new counts. */
  async look(): Promise<void> {
    this.lookAtAccess();
    await this.parts.tls?.renew();
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.timer);
  }

  /** A file that cannot be read, or names nobody any more, changes nothing: those who are known stay known. */
  private lookAtAccess(): void {
    const { access, accessFile } = this.parts;
    if (accessFile === undefined) return;
    try {
      const next = readAccess(accessFile, undefined);
      if (access.hasUsers && !next.hasUsers) throw new Error("it names no user; to open the doors, restart without it");
      this.complaint = "";
      if (access.equals(next)) return;
      const ended = access.replaceBy(next);
      this.logger.info("took the new access file", { users: next.size, connectionsEnded: ended });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason === this.complaint) return;
      this.complaint = reason;
      this.logger.error("kept the users known before, as the access file cannot be used", { reason });
    }
  }
}
