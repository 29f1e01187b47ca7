import { type KeyRange, rangeOf } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import { checkInSession, LaidOutInSession, OpenSession } from "@hexraft/sessions";
import type { KvCodec } from "@hexraft/statemachine-kv";
import type { KvDoorCommand, KvDoorService } from "../kv/kv-door-service.js";
import { keysOfCommand, keysOfQuery } from "./keys-of.js";

/** The same service for clients of one group: keys that are another group's are refused, for nobody would look for them here. */
export function withinRange(
  service: KvDoorService,
  group: string,
  ranges: readonly KeyRange[],
  codec: KvCodec,
): KvDoorService {
  const check = (keys: readonly Uint8Array[]): void => {
    const stranger = keys.map((key) => rangeOf(ranges, key)).find((range) => range.group !== group);
    if (stranger !== undefined)
      throw new RaftError(
        "BadCommand",
        "refused",
        `Nothing was done: a key of it is in the group ${stranger.group}, and this client asked for ${group}; send it to its own group.`,
      );
  };
  const checkCommand = (bytes: Uint8Array): void => check(keysOfCommand(codec.decodeCommand(bytes)));
  const checkAny = (command: KvDoorCommand): void => {
    if (command instanceof OpenSession) return;
    if (command instanceof LaidOutInSession) checkInSession(command.bytes, checkCommand);
    else checkCommand(command.bytes);
  };
  return {
    ...service,
    apply: (command, done) => {
      try {
        checkAny(command);
      } catch (error) {
        setImmediate(() => done(error as Error));
        return;
      }
      service.apply(command, done);
    },
    read: async (query, consistency) => {
      check(keysOfQuery(query));
      return service.read(query, consistency);
    },
  };
}
