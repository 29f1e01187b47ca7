/**
 * `pnpm crash-points [--whole] [--json]`: records what a replica tells its disk through three lives, and starts it on every disk
 * image that a crash could have left: after every step, with any of what was not synced lost or torn. For every fourth image, or
 * with `--whole` for each, it crashes again at every step of the recovery. Exit status 1 if a rule is broken.
 */
import { parseArgs } from "node:util";
import { tryCrashPoints } from "./crash-points.js";
import { KINDS, recordLife } from "./life.js";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, whole: { type: "boolean", default: false } },
});
const beganAt = performance.now();
const lives = await Promise.all(KINDS.map(recordLife));
const found = await tryCrashPoints(lives, { everySteps: 1, secondCrashEvery: values.whole ? 1 : 4 });
const seconds = Number(((performance.now() - beganAt) / 1_000).toFixed(1));
const { images, failures, starts, steps, examples } = found;
for (const example of examples) console.error(example);
if (values.json) console.log(JSON.stringify({ images, failures, starts, steps, seconds }));
else console.log(`${images} disk images of ${steps} steps, ${starts} starts, ${failures} failures, ${seconds} s`);
process.exitCode = failures > 0 ? 1 : 0;
