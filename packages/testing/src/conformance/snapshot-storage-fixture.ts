import { NO_CONFIGURATION, type SnapshotMeta, type SnapshotStorage } from "@hexraft/core/ports";
import { crc32 } from "../time/crc32.js";

/** What the SnapshotStorage laws need of an adapter: storages over one place that outlives them. */
export interface SnapshotStorageFixture {
  /** A storage over the place, not opened. The one before was closed, or is to be taken for crashed. */
  create(): SnapshotStorage | Promise<SnapshotStorage>;
  /** Ends the life of the storage made last as a power cut would. Leave it out if it cannot be done. */
  crash?(): void | Promise<void>;
  /** Changes one byte of the stored snapshot at this index. Leave it out if it cannot be done. */
  damage?(index: number): void | Promise<void>;
  /** Removes the place. */
  dispose(): void | Promise<void>;
}

/** Makes a fresh, empty place. */
export type SnapshotStorageFactory = () => SnapshotStorageFixture | Promise<SnapshotStorageFixture>;

/** A fixture and the storage opened last over it. */
export class SnapshotRig {
  storage!: SnapshotStorage;
  listed!: readonly SnapshotMeta[];

  constructor(readonly fixture: SnapshotStorageFixture) {}

  async open(): Promise<readonly SnapshotMeta[]> {
    this.storage = await this.fixture.create();
    this.listed = await this.storage.open();
    return this.listed;
  }

  async restart(): Promise<readonly SnapshotMeta[]> {
    if (this.fixture.crash === undefined) await this.storage.close();
    else await this.fixture.crash();
    return this.open();
  }

  async save(index: number, bytes: Uint8Array): Promise<SnapshotMeta> {
    const sink = await this.storage.begin(metaOf(index), "local");
    for (let at = 0; at < bytes.length; at += 10_000) await sink.write(bytes.slice(at, at + 10_000));
    return sink.commit();
  }
}

/** Runs a law over a fresh place, and removes the place. */
export const usingSnapshots =
  (factory: SnapshotStorageFactory, body: (rig: SnapshotRig) => Promise<void>) => async () => {
    const rig = new SnapshotRig(await factory());
    try {
      await rig.open();
      await body(rig);
    } finally {
      await rig.storage.close();
      await rig.fixture.dispose();
    }
  };

/** What a snapshot at this index says of itself. */
export const metaOf = (index: number, of: Partial<SnapshotMeta> = {}): SnapshotMeta => ({
  id: { index, term: 2 },
  configuration: {
    id: { index: 1, term: 1 },
    configuration: {
      ...NO_CONFIGURATION,
      members: [{ id: "n1", incarnation: "00112233445566bb", address: "127.0.0.1:7001", priority: 1 }],
      voters: ["n1"],
    },
  },
  logTimeMs: 1_234_567,
  formatVersion: 3,
  sizeBytes: 0,
  checksum: 0,
  ...of,
});

/** What is said of these bytes before they arrive. */
export const announced = (index: number, bytes: Uint8Array): SnapshotMeta =>
  metaOf(index, { sizeBytes: bytes.length, checksum: crc32.crc32(bytes) });

/** Their indices, in their order. */
export const indices = (metas: readonly SnapshotMeta[]) => metas.map(({ id }) => id.index);
