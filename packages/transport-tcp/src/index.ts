export { checkMsgpack, type MsgpackLimits } from "./wire/check-msgpack.js";
export { Framer, LENGTH_BYTES } from "./wire/framer.js";
export { packArray, unpackArray } from "./wire/msgpack.js";
