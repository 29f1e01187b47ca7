import type { Layouts } from "./layout.js";

/** What a removed member is told. */
export const REMOVAL_LAYOUTS: Layouts<"Removed"> = {
  Removed: {
    code: 16,
    write: ({ configurationIndex, id, incarnation }) => [configurationIndex, id, incarnation],
    read: (fields) => ({
      type: "Removed",
      configurationIndex: fields.index("configuration index"),
      id: fields.name("id"),
      incarnation: fields.incarnation("incarnation"),
    }),
  },
};
