import { FileSystem } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { SeededRandom } from "../../time/seeded-random.js";
import type { Survival } from "../files/inode.js";
import { SimulatedFileSystem } from "../files/simulated-file-system.js";
import type { DiskKit, SimulatedDisk } from "./simulated-disk.js";

/** Where a node keeps its files. */
const DIRECTORY = "data";
const SURVIVALS: readonly Survival[] = ["none", "chance", "chance", "all"];

/**
 * Disks with files, for any storage adapter that reaches the disk through the FileSystem port alone: the very adapter
 * that runs in production is torn, cut and lied to here.
 *
 * @param storage - modules that bind LogStorage and SnapshotStorage over files in `directory`; fresh ones each time.
 */
export function fileKit(storage: (directory: string, nodeId: string) => readonly ContainerModule[]): DiskKit {
  return ({ nodeId, time, random }): SimulatedDisk => {
    const disk = new SimulatedFileSystem(random, time);
    const over = (files: SimulatedFileSystem): readonly ContainerModule[] => [
      new ContainerModule(({ bind }) => {
        bind(FileSystem).toConstantValue(files.mount());
      }),
      ...storage(DIRECTORY, nodeId),
    ];
    const shadows = new SeededRandom(`${random.hex(8)}/shadows`);
    return {
      open: () => over(disk),
      crash: () => disk.crash(SURVIVALS[random.integer(0, SURVIVALS.length - 1)]),
      crashInside: (crashed) => disk.crashInside(crashed),
      slow: (range) => disk.slow(range),
      fail(fault) {
        disk.fail(fault);
        return true;
      },
      heal: () => disk.heal(),
      rot: (how) => disk.rot(how),
      wipe: () => disk.wipe(),
      copy: () => disk.copy(),
      shadow() {
        const survival = SURVIVALS[shadows.integer(0, SURVIVALS.length - 1)] as Survival;
        return over(new SimulatedFileSystem(shadows, undefined, disk.image(survival, shadows)));
      },
      get longestMs() {
        return disk.longestMs;
      },
      get openHandles() {
        return disk.openHandles;
      },
    };
  };
}
