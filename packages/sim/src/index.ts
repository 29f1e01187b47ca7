export { type Campaign, type CampaignReport, campaign } from "./campaign.js";
export { type KvState, kvModel, kvWorkload } from "./kv-model.js";
export { type WorldName, worlds } from "./kv-world.js";
