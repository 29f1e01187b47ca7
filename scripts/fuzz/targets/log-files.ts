import { RaftError } from "../../../packages/core/src/ports.js";
import type { Target } from "../target.js";
import { livedImage, OPEN, packImage, storesOver, unpackImage, variedImage } from "./disk-image.js";

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A data directory whose log was damaged, or made by somebody: it opens and can be read whole, or is refused. */
export const logFiles: Target = {
  name: "log-files",
  seeds: async () => [
    packImage(await livedImage(nothing(), 4)),
    packImage(await livedImage(nothing(), 700)),
    packImage(new Map()),
  ],
  vary: variedImage,
  async run(input) {
    const image = unpackImage(input);
    if (image === undefined) return [];
    const { log } = storesOver(image);
    try {
      const { base, last } = await log.open(OPEN);
      for (let next = base.index + 1; next <= last.index; ) {
        const blocks = await log.read(next, 64 * 1024);
        const end = blocks.at(-1)?.last ?? 0;
        if (end < next) throw new Error(`read from ${next} came to ${end}`);
        next = end + 1;
      }
      return ["log"];
    } catch (error) {
      if (error instanceof RaftError) return [];
      throw error;
    } finally {
      await log.close().catch((error: unknown) => {
        if (!(error instanceof RaftError)) throw error;
      });
    }
  },
};
