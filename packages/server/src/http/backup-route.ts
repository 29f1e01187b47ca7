import type { Backup, BackupOptions } from "@hexraft/core";
import { HttpProblem, type HttpReply } from "./http-reply.js";
import { type HttpRequest, onlyParameters } from "./http-request.js";

/** What the backups need of their node. */
export interface BackupSource {
  /** F08. */
  backup(options: BackupOptions): Promise<Backup>;
}

/** F08: `GET /v1/admin/backup?consistency=&group=`: the bytes of a backup; so many at once, since each keeps a snapshot on disk. */
export class BackupRoute {
  private running = 0;

  constructor(
    private readonly sourceOf: (group: string | undefined) => BackupSource,
    private readonly bounds: { readonly backupsMax: number; readonly arrivalTimeoutMs: number },
  ) {}

  /** @throws HttpProblem 400, 405, 503; RaftError */
  async run({ method, query }: HttpRequest): Promise<HttpReply> {
    if (method !== "GET") throw new HttpProblem(405, "WrongMethod", "This is for GET.", {}, { allow: "GET" });
    onlyParameters(query, "consistency", "group");
    const source = this.sourceOf(query.get("group") ?? undefined);
    const consistency = query.get("consistency") ?? "linearizable";
    if (consistency !== "linearizable" && consistency !== "local")
      throw new HttpProblem(
        400,
        "BadRequest",
        `consistency is ${JSON.stringify(consistency)}, but for a backup it must be linearizable or local.`,
      );
    const { backupsMax, arrivalTimeoutMs: stallMs } = this.bounds;
    if (this.running >= backupsMax)
      throw new HttpProblem(
        503,
        "TryAgain",
        `${backupsMax} backups are being read from this node (doors.backupsMax); wait for one of them, or ask another node.`,
        { outcome: "refused" },
        { "retry-after": "10" },
      );
    this.running++;
    const done = () => void this.running--;
    try {
      const { about, sizeBytes, bytes } = await source.backup({ consistency });
      const name = `hexraft-${about.groupId}-${about.id.index}.backup`;
      return {
        status: 200,
        type: "application/octet-stream",
        headers: { "content-disposition": `attachment; filename="${name}"` },
        body: { sizeBytes, bytes, stallMs, done },
      };
    } catch (error) {
      done();
      throw error;
    }
  }
}
