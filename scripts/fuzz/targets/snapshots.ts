import { snapshotStream, stateOf } from "../../../packages/core/src/components/snapshot-stream.js";
import { RaftError, type SnapshotMeta } from "../../../packages/core/src/ports.js";
import { KvStateMachine } from "../../../packages/statemachine-kv/src/index.js";
import type { FileSnapshotStorage } from "../../../packages/storage-file/src/snapshots/file-snapshot-storage.js";
import type { Target } from "../target.js";
import { livedImage, machineWith, packImage, storesOver, unpackImage, variedImage } from "./disk-image.js";

/** A directory of snapshots that was damaged, or made by somebody: what is handed out loads, or is refused. */
export const snapshots: Target = {
  name: "snapshots",
  seeds: async () =>
    Promise.all(
      [0, 3, 20].map(async (keys) => packImage(await livedImage(snapshotStream(machineWith(keys).snapshotSave()), 4))),
    ),
  vary: variedImage,
  async run(input) {
    const image = unpackImage(input);
    if (image === undefined) return [];
    const store = storesOver(image).snapshots;
    const kinds: string[] = [];
    try {
      for (const meta of await store.open()) if (await isLoaded(store, meta)) kinds.push("snapshot");
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
    } finally {
      await store.close();
    }
    return kinds;
  },
};

async function isLoaded(store: FileSnapshotStorage, meta: SnapshotMeta): Promise<boolean> {
  const machine = new KvStateMachine();
  const empty = machine.stateHash();
  try {
    await machine.snapshotLoad(stateOf(store.read(meta, 0)), meta);
    return true;
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    if (machine.stateHash() !== empty)
      throw new Error("a snapshot that was refused changed the state", { cause: error });
    return false;
  }
}
