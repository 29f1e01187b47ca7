import type { KvCommand, KvQuery } from "@hexraft/statemachine-kv";

/** The keys that a command touches. */
export function keysOfCommand(command: KvCommand): readonly Uint8Array[] {
  switch (command.type) {
    case "multiPut":
      return command.entries.map(({ key }) => key);
    case "delete":
      return command.keys;
    case "batch":
      return command.commands.flatMap(keysOfCommand);
    default:
      return [command.key];
  }
}

/** The keys that a query names; none if it asks for all, or for a part of all. */
export function keysOfQuery(query: KvQuery): readonly Uint8Array[] {
  switch (query.type) {
    case "get":
    case "ttl":
      return [query.key];
    case "getMany":
    case "exists":
      return query.keys;
    default:
      return [];
  }
}
