export type { TcpTransportOptions } from "./options.js";
export { tcpTransport } from "./tcp-transport-module.js";
export { checkMsgpack, type MsgpackLimits } from "./wire/check-msgpack.js";
export { Framer, LENGTH_BYTES } from "./wire/framer.js";
export { packArray, unpackArray } from "./wire/msgpack.js";
