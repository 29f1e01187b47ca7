import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { hostTool } from "./host-tool.js";

const HOST = "127.0.0.1";
/** How long a connection that was ended by order may take to notice once the order was carried out, ms. */
const NOTICED_WITHIN_MS = 1_000;

/** Whether the kernel knows such a queue; tried at this process's own `lo`. */
export async function knowsQueue(words: string): Promise<boolean> {
  const qdisc = (verb: string) => hostTool(["tc", "qdisc", verb, "dev", "lo", "root", ...words.split(" ")]);
  try {
    await qdisc("add");
    await qdisc("del");
    return true;
  } catch {
    return false;
  }
}

/** Whether the kernel ends connections by order (`ss -K`); tried at one of this process's own. */
export async function endsConnections(): Promise<boolean> {
  const ends: Socket[] = [];
  const server = createServer((socket) => void ends.push(socket.on("error", () => {}))).listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // It may be ended at any moment from the order on, also when nobody waits for that any more.
  const dialer = connect(port, HOST).on("error", () => {});
  ends.push(dialer);
  try {
    await once(dialer, "connect");
    const ended = once(dialer, "error").then(() => true);
    await hostTool(["ss", "-n", "-H", "-K", "-t", "dst", HOST, "dport", "=", `:${port}`]);
    return await Promise.race([ended, setTimeout(NOTICED_WITHIN_MS, false, { ref: false })]);
  } catch {
    return false;
  } finally {
    // The kernel tells the end that it was asked to end, and not the other one.
    for (const end of ends) end.destroy();
    server.close();
  }
}
