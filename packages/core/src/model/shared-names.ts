import type { NodeId } from "./node-id.js";
import { SharedValues } from "./shared-values.js";

/** No name has it in it. */
const BETWEEN_NAMES = " ";

const lists = new SharedValues<readonly NodeId[]>();

/** The same list of the same names for whoever asks: a process may hold thousands of groups with the same voters (G02). */
export const sharedNames = (ids: readonly NodeId[]): readonly NodeId[] => lists.of(ids.join(BETWEEN_NAMES), ids);
