import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

/**
 * A Unix domain socket beside the lock record. The kernel ends it with its process, whatever the way, and anybody who sees
 * the directory can ask whether it is still listened on: across pid and network namespaces, and without the process doing
 * anything, so that a stopped or busy one counts as alive. Best effort: some file systems cannot hold sockets.
 */
export class LifeSocket {
  private constructor(
    /** Its file name in the directory. */
    readonly name: string,
    private readonly server: Server,
    private readonly directory: number,
  ) {}

  /** Listens; `undefined` where that cannot be done. */
  static open(directory: string, name: string): LifeSocket | undefined {
    const at = openSync(directory, "r");
    const server = createServer((connection) => connection.destroy());
    server.on("error", () => {});
    // Binding happens within the call. `exclusive`: a cluster worker must not share its primary's socket.
    server.listen({ path: shortPath(directory, at, name), exclusive: true });
    if (server.listening && existsSync(join(directory, name))) {
      server.unref();
      return new LifeSocket(name, server, at);
    }
    server.close();
    closeSync(at);
    return undefined;
  }

  /** Ends it; its file goes with it. */
  close(): void {
    this.server.close();
    closeSync(this.directory);
  }
}

/** A socket's path is limited to 107 bytes, a directory's is not: the way through the open directory is short. */
function shortPath(directory: string, at: number, name: string): string {
  return process.platform === "linux" ? `/proc/self/fd/${at}/${name}` : join(directory, name);
}

/** Exit status of the question below for "nobody listens". */
const NOBODY = 7;

/** Connecting cannot be done synchronously, so a short-lived child does it; only a start after an unclean end in another namespace needs it. */
const QUESTION = `
const [directory, name] = process.argv.slice(1);
const at = require("node:fs").openSync(directory, "r");
const path = process.platform === "linux" ? "/proc/self/fd/" + at + "/" + name : require("node:path").join(directory, name);
const socket = require("node:net").connect(path);
socket.on("connect", () => process.exit(0));
socket.on("error", ({ code }) => process.exit(code === "ECONNREFUSED" || code === "ENOENT" ? ${NOBODY} : 0));
`;

/** Whether a process listens on that socket. Where it cannot be told: yes. */
export function answersOn(directory: string, name: string): boolean {
  const asked = spawnSync(process.execPath, ["-e", QUESTION, directory, name], { stdio: "ignore", timeout: 10_000 });
  return asked.status !== NOBODY;
}
