import { Checksum, Logger, RandomSource, Transport } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { SILENT_LOGGER } from "./host.js";
import { resolveTcpOptions, type TcpTransportOptions } from "./options.js";
import { plainTcp } from "./sockets.js";
import { TcpTransport } from "./tcp-transport.js";

/**
 * The Transport over plain TCP: length-prefixed msgpack frames with the log's blocks verbatim, one connection per
 * direction between two nodes for all their groups, snapshots on connections of their own. Needs Checksum and
 * RandomSource (`nodeRuntime()` binds both), and tells a Logger if there is one.
 *
 * @throws RaftError `BadOption`, naming the field, its value and the rule it breaks.
 */
export function tcpTransport(options: TcpTransportOptions): ContainerModule {
  const resolved = resolveTcpOptions(options);
  return new ContainerModule(({ bind }) => {
    bind(Transport)
      .toResolvedValue(
        (checksum: Checksum, random: RandomSource, logger: Logger | undefined) =>
          new TcpTransport(resolved, plainTcp, checksum, random, logger ?? SILENT_LOGGER),
        [Checksum, RandomSource, { serviceIdentifier: Logger, optional: true }],
      )
      .inSingletonScope();
  });
}
