import type { KvAnswer, KvQuery, KvResult, LaidOutCommand } from "@hexraft/statemachine-kv";
import type { DoorCommand, DoorService } from "../door/door-service.js";

/** What a client door asks where keys and values are served: commands are the bytes they came as. */
export type KvDoorService = DoorService<LaidOutCommand, KvResult, KvQuery, KvAnswer>;

/** What comes through such a door. */
export type KvDoorCommand = DoorCommand<LaidOutCommand>;
