import type { AddressInfo, Server } from "node:net";
import { RaftError } from "@hexraft/core/ports";
import { formatAddress, type HostPort } from "./address.js";

/** Listens, and says where. @throws RaftError `AddressInUse`, naming address and purpose. */
export function listen(server: Server, at: HostPort, purpose: string): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const address = formatAddress(at);
      const advice =
        error.code === "EADDRINUSE"
          ? "another process listens there; stop it, or choose another port"
          : `${error.message}; choose an address of this machine, and a port that this user may open`;
      reject(
        new RaftError("AddressInUse", "refused", `Cannot listen on ${address} (${purpose}): ${advice}.`, {
          address,
          purpose,
        }),
      );
    };
    server.once("error", failed);
    server.listen(at.port, at.host, () => {
      server.off("error", failed);
      resolve({ host: at.host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** Closes a listener, whether it ever listened or not. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
