import { LogStorage } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { MemoryDisk } from "../../disk/memory-disk.js";
import { memoryStorage } from "../../disk/memory-storage.js";
import type { DiskKit, SimulatedDisk } from "./simulated-disk.js";

const CALM_MS = [0.2, 2] as const;

/**
 * Disks in memory for a simulation: writes take time and land in order, and a crash keeps any number of those under way,
 * each of them whole. Files, torn writes and rot need a file adapter and {@link fileKit}.
 */
export const memoryKit: DiskKit = ({ time, random }): SimulatedDisk => {
  let disk = new MemoryDisk({ scheduler: time });
  let range: readonly [number, number] = CALM_MS;
  let armed: { crashed: () => void; writesLeft: number } | undefined;
  const paced = (): void => disk.slowDown(range[0] + random.next() * (range[1] - range[0]));
  const step = (): void => {
    paced();
    if (armed === undefined || armed.writesLeft-- > 0) return;
    const { crashed } = armed;
    armed = undefined;
    crashed();
  };
  return {
    open: () => [
      memoryStorage(disk),
      new ContainerModule(({ onActivation }) => {
        onActivation(LogStorage, (_, storage) => {
          const write = storage.write.bind(storage);
          storage.write = (order) => {
            const written = write(order);
            step();
            return written;
          };
          return storage;
        });
      }),
    ],
    crash: () => disk.crash({ landed: random.integer(0, disk.pendingWrites) }),
    crashInside(crashed) {
      armed = { crashed, writesLeft: random.integer(0, 5) };
    },
    slow(to) {
      range = to;
      paced();
    },
    fail(fault) {
      if (fault === "short-write") return false;
      disk.failNextWrite(new Error(`simulated ${fault}`));
      return true;
    },
    wipe() {
      disk = new MemoryDisk({ scheduler: time });
      paced();
    },
    heal() {
      range = CALM_MS;
      armed = undefined;
      paced();
    },
    get longestMs() {
      return range[1];
    },
  };
};
