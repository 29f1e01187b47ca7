import { FRESH_HARD_STATE, LOG_START } from "@hexraft/core/ports";
import { check, refuses, same } from "./check.js";
import type { Law } from "./law.js";
import { block, type LogStorageFactory, REQUEST, withLog } from "./log-storage-fixture.js";

const CLUSTER = "0123456789abcdef0123456789abcdef";
const OTHER_CLUSTER = "fedcba9876543210fedcba9876543210";

/** Who a storage says it is, from its first opening on. */
export const logIdentityLaws = (factory: LogStorageFactory): readonly Law[] => [
  {
    id: "E01 a fresh storage is an empty log in term 0 with a free vote",
    why: "a node that invents a term or an entry at its birth takes part in elections it was never in",
    run: withLog(factory, async ({ opened }) => {
      same(opened.hardState, FRESH_HARD_STATE, "hard state");
      same([opened.base, opened.last, opened.commitHint], [LOG_START, LOG_START, 0], "ends");
      same([opened.runs, opened.configurationIndices, opened.cut, opened.clusterId], [[], [], "", ""], "contents");
    }),
  },
  {
    id: "M13 the identities drawn at the first opening stay for good",
    why: "an incarnation that changed would make a replica that voted look like one that never did",
    run: withLog(factory, async (rig) => {
      const { directoryId, incarnation } = rig.opened;
      same([directoryId, incarnation], [REQUEST.newDirectoryId, REQUEST.newIncarnation], "first opening");
      await rig.storage.close();
      rig.storage = await rig.fixture.create();
      const again = await rig.storage.open({
        ...REQUEST,
        newDirectoryId: "ffffffffffffffff",
        newIncarnation: "eeeeeeeeeeeeeeee",
      });
      same([again.directoryId, again.incarnation], [directoryId, incarnation], "second opening");
    }),
  },
  {
    id: "T11 every opening has a start number one higher, also after a crash without a write",
    why: "two lives with one start number could answer each other's requests",
    run: withLog(factory, async (rig) => {
      same(rig.opened.startNumber, 1, "first");
      same((await rig.reopen()).startNumber, 2, "after a close");
      same((await rig.crash()).startNumber, 3, "after a crash");
      same((await rig.crash()).startNumber, 4, "after a second crash");
    }),
  },
  {
    id: "M13 the cluster, once adopted, is durable, and another one is refused",
    why: "a directory that changed its cluster would bring one cluster's votes and entries into another",
    run: withLog(factory, async (rig) => {
      await rig.storage.adopt(CLUSTER);
      await rig.storage.adopt(CLUSTER);
      same((await rig.crash()).clusterId, CLUSTER, "after a crash");
      await refuses(() => rig.storage.adopt(OTHER_CLUSTER), "IdentityMismatch", "another cluster");
      same((await rig.reopen()).clusterId, CLUSTER, "after the refusal");
    }),
  },
  {
    id: "L10 another node's name is refused and changes nothing",
    why: "a node that starts on its neighbour's directory would vote twice under two names",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 2, 1));
      await rig.storage.close();
      const stranger = await rig.fixture.create();
      await refuses(() => stranger.open({ ...REQUEST, nodeId: "n2" }), "IdentityMismatch", "node n2");
      await stranger.close();
      const { startNumber, last } = await rig.open();
      same([startNumber, last.index], [2, 2], "afterwards");
    }),
  },
  {
    id: "L11 a second holder is refused at once, and the first one goes on",
    why: "two processes on one log overwrite each other's promises",
    run: withLog(factory, async (rig) => {
      const second = await rig.fixture.create();
      await refuses(() => second.open(REQUEST), "DirectoryLocked", "a second opening");
      await second.close();
      await rig.append(block(1, 1, 1));
      same((await rig.reopen()).last.index, 1, "what the first holder wrote");
    }),
  },
  {
    id: "O01 describe is plain data at any time",
    why: "an operator asks most urgently when something is closed or broken",
    run: withLog(factory, async (rig) => {
      for (const when of ["open", "closed"]) {
        const facts = rig.storage.describe();
        check(JSON.stringify(facts) !== undefined && Object.keys(facts).length > 0, `no facts while ${when}`);
        await rig.storage.close();
      }
    }),
  },
];
