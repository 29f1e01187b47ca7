import type { Explanation, GroupId, NodeDescription } from "@hexraft/core";
import type { AdminDesk } from "../admin/admin-desk.js";
import type { BackupSource } from "../http/backup-route.js";
import type { KvService } from "../kv/kv-service.js";

/** One group of this process, as its doors know it. */
export interface ServedGroup extends BackupSource {
  readonly id: GroupId;
  readonly kv: KvService;
  /** What operators may ask. */
  readonly admin: Pick<AdminDesk, "ask">;
  /** O01. */
  readonly describe: () => NodeDescription;
  /** O07. */
  explain(): Explanation;
  /** O06. */
  stateHash(): Promise<{ readonly index: number; readonly term: number; readonly hash: string }>;
}
