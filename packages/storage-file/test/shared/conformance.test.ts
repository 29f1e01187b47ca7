import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@hexraft/testing";
import { logStorageLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { sharedDamageIn } from "../damage/places.js";
import { FaultDisk } from "../support/fault-disk.js";
import { groupsOf, LogAmongOthers } from "../support/shared.js";

const SMALL = { segmentBytesMax: 16 * 1024 };

const real = logStorageLaws(() => {
  const directory = mkdtempSync(join(tmpdir(), "hexraft-laws-"));
  return {
    create: () => new LogAmongOthers(groupsOf(directory, SMALL)),
    damage: sharedDamageIn(directory),
    dispose: () => rmSync(directory, { recursive: true }),
  };
});
register({ ...real, title: `${real.title}, one group of a shared log` }, { describe, it });

const forgetful = logStorageLaws(() => {
  const random = new SeededRandom("forgetful");
  let disk = new FaultDisk();
  return {
    create: () => new LogAmongOthers(groupsOf("/data", { ...SMALL, files: disk })),
    crash: () => {
      disk.crashBefore = 0;
      disk = new FaultDisk(disk.imageAfterCrash(() => Math.min(1, Math.max(0, random.next() * 1.5 - 0.25))));
    },
    failNextWrite: () => {
      disk.fault = { call: "datasync", code: "EIO" };
    },
    dispose: () => {},
  };
});
register({ ...forgetful, title: `${forgetful.title}, one group of a shared log, with real crashes` }, { describe, it });
