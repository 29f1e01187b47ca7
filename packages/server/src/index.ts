/**
 * The hexraft command, as parts: one node with its fronts, for programs that start it themselves.
 *
 * @module server
 */
export { runHexraft } from "./cli.js";
