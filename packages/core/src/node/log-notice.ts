import { holeText } from "../model/log-hole.js";
import type { NodeId } from "../model/node-id.js";
import type { Logger } from "../ports/logger.js";
import type { Notice } from "../protocol/notice.js";

/** What a notice is to those who read the log: an error, something that changed, or a detail. */
export function logNotice(logger: Logger, id: NodeId, notice: Notice): void {
  if (notice.kind === "error") logger.error(notice.reason);
  else if (notice.kind === "damage" && notice.stage === "found")
    logger.error(`${holeText(notice.hole)}; they are fetched from the other members`);
  else if (notice.kind === "damage") logger.info("entries that the disk had lost are back", { ...notice.hole });
  else if (
    notice.kind === "role" ||
    notice.kind === "leader" ||
    notice.kind === "configuration" ||
    notice.kind === "format"
  )
    logger.info(`${id}: ${notice.kind}`, { ...notice });
  else logger.debug(`${id}: ${notice.kind}`, { ...notice });
}
