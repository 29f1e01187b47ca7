export type { Admit, TcpTransportOptions } from "./options.js";
export { tcpTransport } from "./tcp-transport-module.js";
export { NODE_URI, nodesNamedBy } from "./tls/certificate-names.js";
export { type TlsFilePaths, TlsFiles } from "./tls/tls-files.js";
export type { TlsOptions } from "./tls/tls-options.js";
export { checkMsgpack, type MsgpackLimits } from "./wire/check-msgpack.js";
export { dialerOf } from "./wire/dialer-of.js";
export { Framer, LENGTH_BYTES } from "./wire/framer.js";
export { packArray, unpackArray } from "./wire/msgpack.js";
