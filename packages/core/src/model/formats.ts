/** F05: formats of a state machine's commands and snapshots, as one replica knows them. */
export interface Formats {
  /** The newest that its state machine reads and writes; 0 on a witness, which has none. */
  readonly known: number;
  /** The newest that every member knows, by a gate that was applied here or by the snapshot that the state began with. */
  readonly open: number;
}

/** What nobody asked for: a witness, and a protocol that is tested without state machines. */
export const NO_FORMATS: Formats = { known: 0, open: 0 };
