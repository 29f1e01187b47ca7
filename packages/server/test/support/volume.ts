import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";

/** How a disk is made to fail: a real file system that is full or turns read-only, or, where none may be mounted, a limit. */
export type VolumeKind = "tmpfs" | "ext4" | "file size limit";

const BYTES = 16 * 1024 * 1024;

/** A disk of its own for one node's directory. */
export class Volume {
  private constructor(
    private readonly kind: VolumeKind,
    readonly path: string,
    private readonly image: string,
  ) {}

  /** Of these kinds the ones that this machine and this user can make; there is always one. */
  static possible(directory: string): readonly VolumeKind[] {
    const mounts = (["tmpfs", "ext4"] as const).filter((kind) => {
      try {
        Volume.make(kind, join(directory, `try-${kind}`)).remove();
        return true;
      } catch {
        return false;
      }
    });
    return mounts.length > 0 ? mounts : ["file size limit"];
  }

  /** Makes it, empty, at this path. */
  static make(kind: VolumeKind, path: string): Volume {
    mkdirSync(path, { recursive: true });
    const image = `${path}.img`;
    if (kind === "ext4") {
      closeSync(openSync(image, "w"));
      truncateSync(image, BYTES);
      run("mkfs.ext4", "-q", image);
    }
    const volume = new Volume(kind, path, image);
    volume.mount();
    return volume;
  }

  /** Nothing more can be written to it from now on, and it can be read as before. `pid` is the process that uses it. */
  fill(pid: number): void {
    if (this.kind === "file size limit") {
      run("prlimit", `--pid=${pid}`, `--fsize=${64 * 1024}`);
      return;
    }
    const ballast = openSync(join(this.path, "ballast"), "w");
    try {
      for (const size of [1024 * 1024, 64 * 1024, 4_096]) fillWith(ballast, Buffer.alloc(size, 1));
    } finally {
      closeSync(ballast);
    }
  }

  /** The kernel found an error on the disk, and takes no more writes: what `errors=remount-ro` does to a file that is open. */
  turnReadOnly(): void {
    const device = basename(run("findmnt", "-no", "SOURCE", this.path).trim());
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "a disk that is dying");
  }

  /** As good as new, with all that was on it. Nobody may use it meanwhile. */
  heal(): void {
    rmSync(join(this.path, "ballast"), { force: true });
  }

  /** The same after {@link turnReadOnly}: looked after by the host's own tool. */
  repair(): void {
    this.unmount();
    try {
      run("e2fsck", "-fy", this.image);
    } catch (error) {
      // 1: errors were corrected.
      if ((error as { status?: number }).status !== 1) throw error;
    }
    this.mount();
  }

  remove(): void {
    this.unmount();
    if (existsSync(this.image)) rmSync(this.image);
  }

  private mount(): void {
    if (this.kind === "tmpfs") run("mount", "-t", "tmpfs", "-o", `size=${BYTES}`, "tmpfs", this.path);
    if (this.kind === "ext4") run("mount", "-o", "loop,errors=remount-ro", this.image, this.path);
  }

  private unmount(): void {
    const isMounted = readFileSync("/proc/mounts", "utf8").includes(` ${this.path} `);
    if (isMounted) run("umount", this.path);
  }
}

function fillWith(file: number, bytes: Uint8Array): void {
  try {
    while (writeSync(file, bytes) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
