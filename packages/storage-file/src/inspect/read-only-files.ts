import { type DirectoryLock, type FileSystem, RaftError } from "@hexraft/core/ports";

/** A file system that may be looked at, and that nothing can be changed on. */
export function readOnly(files: FileSystem): FileSystem {
  const refuse = (): never => {
    throw new RaftError("StorageFailed", "refused", "a directory that is inspected is never written to");
  };
  return {
    open: (path) => files.open(path, { readOnly: true }),
    list: (path) => files.list(path),
    size: (path) => files.size(path),
    makeDirectory: refuse,
    rename: refuse,
    remove: refuse,
    syncDirectory: async () => refuse(),
    lock: (): DirectoryLock => refuse(),
  };
}
