import {
  EntryType,
  FRESH_HARD_STATE,
  LOG_START,
  type LogBlock,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  RaftError,
} from "@hexraft/core/ports";

/** What outlives a process: in a real adapter a file, a table, a bucket. It changes by whole writes only. */
export class TinyPlace {
  identity: OpenLog | undefined;
  clusterId = "";
  starts = 0;
  hardState = FRESH_HARD_STATE;
  commitHint = 0;
  base = LOG_START;
  blocks: readonly LogBlock[] = [];
  /** The one storage that may use it. */
  holder: TinyLogStorage | undefined;

  get last() {
    return this.blocks.at(-1)?.lastId ?? this.base;
  }
}

/** The smallest LogStorage that keeps every law: it is in memory, so what it "wrote" is durable at once. */
export class TinyLogStorage implements LogStorage {
  private failed: Error | undefined;
  failNext = false;

  constructor(private readonly place: TinyPlace) {}

  async open(request: OpenLog): Promise<OpenedLog> {
    const { place } = this;
    if (place.holder !== undefined) throw new RaftError("DirectoryLocked", "refused", "another storage has it open");
    const { nodeId, groupId } = place.identity ?? request;
    if (nodeId !== request.nodeId || groupId !== request.groupId)
      throw new RaftError("IdentityMismatch", "refused", `this is the log of ${nodeId} in group ${groupId}`);
    place.identity ??= request;
    place.holder = this;
    place.starts++; // durable before anybody hears of it (T11)
    const runs = place.blocks.filter(({ term }, at) => place.blocks[at - 1]?.term !== term);
    return {
      clusterId: place.clusterId,
      directoryId: place.identity.newDirectoryId,
      incarnation: place.identity.newIncarnation,
      startNumber: place.starts,
      hardState: place.hardState,
      commitHint: Math.min(place.commitHint, place.last.index),
      base: place.base,
      last: place.last,
      runs: runs.map(({ first, term }) => ({ first, term })),
      configurationIndices: place.blocks.flatMap((block) =>
        Array.from({ length: block.count }, (_, i) => block.first + i).filter(
          (index) => block.typeAt(index) === EntryType.configuration,
        ),
      ),
      cut: "",
    };
  }

  async adopt(clusterId: string): Promise<void> {
    this.mustBeOpen();
    if (this.place.clusterId !== "" && this.place.clusterId !== clusterId)
      throw new RaftError("IdentityMismatch", "refused", `this log belongs to cluster ${this.place.clusterId}`);
    this.place.clusterId = clusterId;
  }

  async write(write: LogWrite): Promise<void> {
    this.mustBeOpen();
    if (this.failNext) this.failed = new Error("the place took nothing"); // and never will again (L04)
    if (this.failed !== undefined) throw this.failed;
    const { place } = this;
    const { hardState, resetTo, truncateFrom, blocks = [], compactTo, commitHint } = write;
    if (hardState !== undefined) place.hardState = hardState;
    if (resetTo !== undefined) [place.base, place.blocks] = [resetTo, []];
    if (truncateFrom !== undefined)
      place.blocks = place.blocks
        .filter(({ first }) => first < truncateFrom)
        .map((block) => (block.last < truncateFrom ? block : block.slice(block.first, truncateFrom - 1)));
    place.blocks = [...place.blocks, ...blocks];
    if (compactTo !== undefined && compactTo.index > place.base.index) {
      place.base = compactTo;
      place.blocks = place.blocks
        .filter(({ last }) => last > compactTo.index)
        .map((block) => (block.first > compactTo.index ? block : block.slice(compactTo.index + 1, block.last)));
    }
    place.commitHint = commitHint ?? place.commitHint;
  }

  async read(from: number, bytesMax: number): Promise<readonly LogBlock[]> {
    this.mustBeOpen();
    const found: LogBlock[] = [];
    let left = bytesMax;
    for (const block of this.place.blocks.filter(({ last }) => last >= from)) {
      const wanted = block.first < from ? block.slice(from, block.last) : block;
      left -= wanted.sizeBytes;
      if (left < 0 && found.length > 0) break; // the first block comes however large it is (R10)
      found.push(wanted);
    }
    return found;
  }

  async close(): Promise<void> {
    if (this.place.holder === this) this.place.holder = undefined;
  }

  describe() {
    return { kind: "tiny", open: this.place.holder === this, last: this.place.last };
  }

  private mustBeOpen(): void {
    if (this.place.holder !== this) throw new RaftError("Stopped", "refused", "this storage is not open");
  }
}
