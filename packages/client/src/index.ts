/**
 * Clients of a hexraft key-value service, and of any state machine: they follow the leader, pipeline, and say of every operation
 * whether it is done, certainly not done, or unknown.
 *
 * @module client
 */
export {
  ADMIN_BYTES_MAX,
  type AdminAnswers,
  type AdminAsks,
  type AdminVerb,
  adminKindOf,
  type ChangeAsk,
  type ClusterGroup,
  type ClusterMember,
  type ClusterMembers,
  layOutAdminAnswer,
  type NothingMore,
  readAdmin,
  type TransferAsk,
} from "./admin-request.js";
export type { ClientOptions, ClientTlsOptions, Endpoint } from "./client-options.js";
export { type AdminChangeOptions, type AdminOptions, ClusterAdmin, type ClusterAdminOptions } from "./cluster-admin.js";
export type { OperationOptions } from "./door-client.js";
export {
  type Credentials,
  checkHello,
  DOOR_VERSION,
  FrameKind,
  type Hello,
  layOutError,
  layOutGoodbye,
  layOutToken,
  layOutWelcome,
  REQUEST_FRAME_BYTES_MAX,
  type Welcome,
} from "./door-frames.js";
export {
  ANSWER_BYTES_MAX,
  AnswerKind,
  type DoorAnswer,
  type DoorRequest,
  eachRecord,
  layOutRecords,
  RequestKind,
} from "./door-records.js";
export type { ReadFrom } from "./doors.js";
export { HexraftClient } from "./hexraft-client.js";
export { type KeyRange, keyRanges, RANGES_MAX, rangeOf, rangesOfGroups } from "./key-ranges.js";
export { type Answered, type Done, type NotDone, valueOf } from "./outcome.js";
export { type ReadRequest, readRequestOf } from "./read-request.js";
export { type LeaderMove, type Rebalanced, rebalanceLeaders } from "./rebalance-leaders.js";
export { type ClientReadOptions, ServiceClient } from "./service-client.js";
export { type ClientCodec, checkCodec, type ServiceCodec } from "./service-codec.js";
