import { RaftError } from "../../../packages/core/src/ports.js";
import { layManifest, rangesIn, readManifest } from "../../../packages/server/src/backup/service-manifest.js";
import type { Target } from "../target.js";
import { variedArray } from "../vary-value.js";
import { blind } from "./blind.js";

const part = (file: string, groupId: string) => ({
  file,
  clusterId: "c".repeat(32),
  groupId,
  nodeId: "n1",
  id: { index: 4, term: 2 },
  logTimeMs: 1_234,
  takenAtMs: 5_678,
  formatVersion: 1,
  streamBytes: 70,
  streamChecksum: 7,
});

/** The manifest of a service's backup that was damaged, or made by somebody: it names a part for each range, or is refused. */
export const manifests: Target = {
  name: "manifests",
  seeds: () => {
    const parts = [part("part-001.backup", "..g"), part("part-002.backup", "g..")];
    return [new Uint8Array(Buffer.from(layManifest({ splitAt: ["g"], parts }, blind)))];
  },
  vary(input, pick) {
    try {
      const said = JSON.parse(Buffer.from(input).toString()) as Record<string, unknown>;
      const field = pick.of(Object.keys(said));
      const [value] = variedArray([said[field]], pick);
      return new Uint8Array(Buffer.from(JSON.stringify({ ...said, [field]: value })));
    } catch {
      return undefined; // bytes were varied before
    }
  },
  run(input) {
    try {
      const manifest = readManifest(Buffer.from(input).toString(), blind);
      if (rangesIn(manifest).length !== manifest.parts.length) throw new Error("a range has no part");
      return ["manifest"];
    } catch (error) {
      if (error instanceof RaftError) return [];
      throw error;
    }
  },
};
