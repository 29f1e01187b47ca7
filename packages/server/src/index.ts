/**
 * The hexraft command, as parts: one node with its fronts, for programs that start it themselves; and the client door, for a node of
 * one's own.
 *
 * @module server
 */
export { runHexraft } from "./cli.js";
export { type ClientDoorOptions, type OpenClientDoor, openClientDoor } from "./door/open-client-door.js";
export type { DoorBounds } from "./serve/door-bounds.js";
export type { DoorSafety } from "./serve/door-safety.js";
export type { DoorTlsOptions } from "./serve/door-tls.js";
