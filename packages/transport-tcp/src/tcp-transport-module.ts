import { Checksum, Logger, RandomSource, Transport } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { SILENT_LOGGER } from "./host.js";
import { resolveTcpOptions, type TcpTransportOptions } from "./options.js";
import { plainTcp } from "./sockets.js";
import { TcpTransport } from "./tcp-transport.js";
import { TlsSockets } from "./tls/tls-sockets.js";

/**
 * The Transport over TCP, encrypted if `tls` is given: length-prefixed msgpack frames with the log's blocks verbatim, one
 * connection per direction between two nodes for all their groups, snapshots on connections of their own. Needs Checksum
 * and RandomSource (`nodeRuntime()` binds both), and tells a Logger if there is one. TLS files are read when the node is
 * composed; `BadOption` then names the one that is wrong.
 *
 * @throws RaftError `BadOption`, naming the field, its value and the rule it breaks.
 */
export function tcpTransport(options: TcpTransportOptions): ContainerModule {
  const resolved = resolveTcpOptions(options);
  return new ContainerModule(({ bind }) => {
    bind(Transport)
      .toResolvedValue(
        (checksum: Checksum, random: RandomSource, logger: Logger | undefined) => {
          const sockets = resolved.tls === undefined ? plainTcp : new TlsSockets(resolved.tls);
          return new TcpTransport(resolved, sockets, checksum, random, logger ?? SILENT_LOGGER);
        },
        [Checksum, RandomSource, { serviceIdentifier: Logger, optional: true }],
      )
      .inSingletonScope();
  });
}
