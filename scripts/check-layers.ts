/** `tsx scripts/check-layers.ts`: fails, with file and line, where a source file imports against the table. */
import { checkLayers } from "./layers/check.js";
import { root } from "./lib/root.js";

const violations = checkLayers(root);
for (const { file, line, message } of violations) console.error(`${file}:${line}  ${message}`);
console.log(violations.length === 0 ? "layers: every import follows the table" : `layers: ${violations.length} wrong`);
process.exitCode = violations.length === 0 ? 0 : 1;
