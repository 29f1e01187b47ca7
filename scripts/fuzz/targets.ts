import type { Target } from "./target.js";
import { backups } from "./targets/backups.js";
import { door } from "./targets/door.js";
import { frames } from "./targets/frames.js";
import { logFiles } from "./targets/log-files.js";
import { manifests } from "./targets/manifests.js";
import { messages } from "./targets/messages.js";
import { plantedCrash, plantedHang } from "./targets/planted.js";
import { resp } from "./targets/resp.js";
import { snapshots } from "./targets/snapshots.js";

/** All that bytes from outside reach. */
export const targets: readonly Target[] = [frames, messages, logFiles, snapshots, backups, manifests, resp, door];

/** Readers with a mistake each, for the fuzzer's own test. */
export const plantedTargets: readonly Target[] = [plantedCrash, plantedHang];
