import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import { SpareHands, type SpareSurroundings } from "../../src/node/spare-hands.js";
import { settled } from "../components/support/entries.js";
import { RecordingSink } from "../components/support/recording-sink.js";

const meta = (index: number) => ({
  id: { index, term: 1 },
  configuration: { id: { index: 0, term: 0 }, configuration: { members: [], voters: [] } },
  logTimeMs: 0,
  formatVersion: 1,
  sizeBytes: 0,
  checksum: 0,
});
const forever = { deadlineMs: Number.POSITIVE_INFINITY };

/** Spare hands of a replica that has applied up to 7, whose inbox writes down and whose storage keeps what it is given. */
function spareHands() {
  const sink = new RecordingSink();
  const around = {
    ports: {
      stateMachine: { snapshotSave: async function* () {} },
      snapshotStorage: { begin: async () => ({ write: async () => {}, commit: async () => meta(7) }) },
      clock: { monotonic: () => 0 },
    },
    options: { pendingRequestsMax: 10, electionTimeoutMs: 150 },
    raft: { configurationAt: () => meta(0).configuration },
    inbox: sink,
    fsm: { appliedId: { index: 7, term: 1 }, openFormat: 1, call: (run: () => unknown) => void run() },
    postman: { addressOf: () => undefined },
    timers: { atMost: () => {} },
  } as unknown as SpareSurroundings;
  /** Turns until nothing moves any more. */
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await settled();
      sink.turn();
    }
  };
  return { spare: new SpareHands(around, null), sink, turns };
}

describe("SpareHands", () => {
  it("G02 at rest they are let go, and T11 the next desk goes on with the numbers, Q08 and with what was shown", async () => {
    const { spare, sink } = spareHands();
    const first = spare.desk;
    const asked: number[] = [];
    const ordered = first.order((request) => void asked.push(request), forever);
    first.orderAnswered({ type: "ChangeAnswered", request: 1, error: null });
    await ordered;
    const response = { type: "ProposeResponse", request: 1, outcome: "ok", code: "", reason: "" } as const;
    first.forwards.answered({
      type: "ForwardAnswered",
      response: { ...response, result: new Uint8Array(0), applied: 9 },
    });
    spare.putAway();
    expect(spare.desk).not.toBe(first);
    void spare.desk.order((request) => void asked.push(request), forever);
    expect([asked, spare.desk.reads.shownIndex, sink.events]).toEqual([[1, 2], 9, []]);
  });

  it("G02 a desk where somebody waits is kept, and so is one that somebody is about to wait at for a snapshot", async () => {
    const { spare, turns } = spareHands();
    const { desk } = spare;
    void desk.order(() => {}, forever);
    spare.putAway();
    expect(spare.desk).toBe(desk);
    desk.orderAnswered({ type: "TransferAnswered", request: 1, error: null });
    const saved = desk.snapshot(spare);
    spare.putAway();
    expect(spare.desk).toBe(desk);
    spare.saver.take();
    await turns();
    desk.turnEnded();
    expect(await saved).toEqual(meta(7));
  });

  it("G02 S07 a save under way is kept, and the newest snapshot is known after it was let go", async () => {
    const { spare, turns } = spareHands();
    const { saver } = spare;
    saver.take();
    spare.putAway();
    expect(spare.saver).toBe(saver);
    await turns();
    spare.putAway();
    expect(spare.describe().snapshots).toEqual({ saving: false, newest: 7, sending: [], receiving: [] });
    expect(spare.saver).not.toBe(saver);
    expect(spare.saver.newestIndex).toBe(7);
  });

  it("O04 whoever comes when the replica has ended is refused, also where nobody had come before", async () => {
    const { spare } = spareHands();
    spare.end((outcome) => new RaftError("Stopped", outcome, "bye"));
    await expect(spare.desk.snapshot(spare)).rejects.toMatchObject({ code: "Stopped", outcome: "refused" });
  });
});
