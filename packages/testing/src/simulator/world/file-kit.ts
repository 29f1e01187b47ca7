import { FileSystem } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { SeededRandom } from "../../time/seeded-random.js";
import type { Survival } from "../files/inode.js";
import { SimulatedFileSystem } from "../files/simulated-file-system.js";
import type { DiskFault, DiskKit, Rot, SimulatedDisk } from "./simulated-disk.js";

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
  return ({ nodeId, time, random }) => new FileDisk(storage, nodeId, random, new SimulatedFileSystem(random, time));
}

class FileDisk implements SimulatedDisk {
  private readonly shadows: SeededRandom;

  constructor(
    private readonly storage: Parameters<typeof fileKit>[0],
    private readonly nodeId: string,
    private readonly random: SeededRandom,
    private readonly disk: SimulatedFileSystem,
  ) {
    this.shadows = new SeededRandom(`${random.hex(8)}/shadows`);
  }

  get longestMs(): number {
    return this.disk.longestMs;
  }

  get openHandles(): number {
    return this.disk.openHandles;
  }

  open(): readonly ContainerModule[] {
    return this.over(this.disk);
  }

  crash(): void {
    this.disk.crash(SURVIVALS[this.random.integer(0, SURVIVALS.length - 1)]);
  }

  crashInside(crashed: () => void): void {
    this.disk.crashInside(crashed);
  }

  slow(range: readonly [number, number]): void {
    this.disk.slow(range);
  }

  fail(fault: DiskFault): boolean {
    this.disk.fail(fault);
    return true;
  }

  heal(): void {
    this.disk.heal();
  }

  rot(how: Rot): string {
    return this.disk.rot(how);
  }

  wipe(): void {
    this.disk.wipe();
  }

  copy(): () => void {
    return this.disk.copy();
  }

  shadow(): readonly ContainerModule[] {
    const { shadows } = this;
    const survival = SURVIVALS[shadows.integer(0, SURVIVALS.length - 1)] as Survival;
    return this.over(new SimulatedFileSystem(shadows, undefined, this.disk.image(survival, shadows)));
  }

  private over(files: SimulatedFileSystem): readonly ContainerModule[] {
    return [
      new ContainerModule(({ bind }) => {
        bind(FileSystem).toConstantValue(files.mount());
      }),
      ...this.storage(DIRECTORY, this.nodeId),
    ];
  }
}
