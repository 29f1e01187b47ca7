import type { Failure } from "./failure.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const component = (name: string): string => `packages/core/src/components/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);
const executor = ["packages/core/test/components/snapshot-executor.test.ts"];
const snapshotFiles = ["packages/storage-file/test/snapshots/file-snapshot-storage.test.ts"];

/** Taking, sending, installing and keeping the state. */
export const snapshotFailures: readonly Failure[] = [
  {
    id: "F-S01",
    what: "installing a snapshot set the current term to the snapshot's, which is older",
    violates: "ES",
    patches: [
      {
        file: source("snapshot-installing"),
        find: "  s.verified = meta.id.index;\n  updateBook",
        replace: "  s.verified = meta.id.index;\n  s.term = meta.id.term;\n  updateBook",
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "worlds",
  },
  {
    id: "F-S02",
    what: "entries that contradict an installed snapshot stayed in the log behind it",
    violates: "LM, SMS",
    patches: [
      {
        file: source("snapshot-installing"),
        find: "if (s.log.holds(meta.id) && meta.id.index <= s.log.durable) {",
        replace: "if (meta.id.index <= s.log.last.index) {",
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "worlds",
  },
  {
    id: "F-S03",
    what: "an uncommitted configuration of before survived the installation of a snapshot",
    violates: "CFG, DUR",
    patches: [
      {
        file: source("snapshot-installing"),
        find: "  s.configurations.resetTo(meta.configuration);",
        replace:
          "  if (meta.configuration.id.index > s.configurations.own.id.index) s.configurations.resetTo(meta.configuration);",
      },
    ],
    tests: tests("snapshot-installing"),
  },
  {
    id: "F-S04",
    what: "a snapshot carried the configuration that the node had started with, not that of its index",
    violates: "CFG",
    patches: [
      {
        file: component("snapshot-saver"),
        find: "const configuration = configurationAt(id.index);",
        replace: "const configuration = configurationAt(0);",
      },
    ],
    tests: executor,
  },
  {
    id: "F-S05",
    what: "a snapshot carried a configuration that was not committed, and it could not be rolled back",
    violates: "CFG",
    patches: [
      {
        file: source("configuration-manager"),
        find: "if (entry.id.index <= index) return entry;",
        replace: "if (index >= 0) return entry;",
      },
    ],
    tests: tests("append-entries", "snapshot-flow"),
  },
  {
    id: "F-S06",
    what: "snapshots were sorted as text, and the newest ones were removed",
    violates: "DUR",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/file-snapshot-storage.ts",
        find: "b.id.index - a.id.index || b.id.term - a.id.term;",
        replace: "finalName(b) < finalName(a) ? -1 : 1;",
      },
    ],
    tests: snapshotFiles,
  },
  {
    id: "F-S07",
    what: "the log was not begun anew after an installed snapshot, and the follower went in circles",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-installing"),
        find: "  s.log.resetTo(meta.id, meta.logTimeMs, s.commit);\n",
        replace: "",
      },
    ],
    tests: tests("snapshot-installing"),
    chance: "worlds",
  },
  {
    id: "F-S08",
    what: "a second snapshot was begun while the first one was being taken",
    violates: "LIVE",
    patches: [
      {
        file: source("snapshot-flow"),
        find: 'if (s.takingSnapshot || s.install !== undefined || s.faulted !== "") return;',
        replace: 'if (s.faulted !== "") return;',
      },
    ],
    tests: tests("snapshot-flow"),
  },
  {
    id: "F-S09",
    what: "a transfer that broke off was resumed at an offset that was not where the received bytes end",
    violates: "SMS",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/file-snapshot-sink.ts",
        find: "    this.offset = draft.size;",
        replace: "    this.offset = 0;",
      },
    ],
    tests: snapshotFiles,
  },
  {
    id: "F-S10",
    what: "a received snapshot became valid before its checksum was looked at",
    violates: "SMS",
    patches: [
      {
        file: "packages/storage-file/src/snapshots/file-snapshot-sink.ts",
        find: "whole.checksum !== this.given.checksum)",
        replace: "whole.checksum < 0)",
      },
    ],
    tests: snapshotFiles,
  },
  {
    id: "F-S12",
    what: "a snapshot was read from the live map while commands went on changing it",
    violates: "SMS",
    patches: [
      {
        file: "packages/statemachine-kv/src/state/key-space.ts",
        find: "return { records: this.records.clone(), nextSequence, logTimeMs, hashHigh, hashLow };",
        replace: "return { records: this.records, nextSequence, logTimeMs, hashHigh, hashLow };",
      },
    ],
    tests: ["packages/statemachine-kv/test/snapshot.test.ts", "packages/statemachine-kv/test/conformance.test.ts"],
    chance: "simulator",
  },
  {
    id: "F-S13",
    what: "a snapshot held commands that were applied after the index on its label",
    violates: "SMS, EO",
    patches: [
      {
        file: component("snapshot-saver"),
        find: "this.save(meta, stateMachine.snapshotSave());",
        replace:
          "this.save(\n        meta,\n        (async function* () {\n          yield* stateMachine.snapshotSave();\n        })(),\n      );",
      },
    ],
    tests: executor,
    chance: "simulator",
  },
  {
    id: "F-S14",
    what: "the log was purged before the snapshot that takes its place was durable",
    violates: "LIVE",
    patches: [
      {
        file: component("snapshot-saver"),
        find: "      this.saved(await sink.commit());",
        replace: "      this.saved(meta);\n      await sink.commit();",
      },
      {
        file: source("snapshot-flow"),
        find: "const previous = s.previousSnapshot;",
        replace: "const previous = s.snapshot;",
      },
    ],
    tests: executor,
    chance: "simulator",
  },
  {
    id: "F-S16",
    what: "a state machine that had failed to load a snapshot went on, and was saved as if it had",
    violates: "SMS",
    patches: [
      {
        file: component("fsm-caller"),
        find: "    await run();\n    this.applier.loaded",
        replace: "    await run().catch(() => {});\n    this.applier.loaded",
      },
    ],
    tests: ["packages/core/test/components/fsm-caller.test.ts", ...executor],
  },
];
