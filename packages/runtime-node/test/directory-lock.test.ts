import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RaftError } from "@hexraft/core/ports";
import { assert, describe, expect, it } from "vitest";
import { thisProcess } from "../src/lock/holder.js";
import { NodeFileSystem } from "../src/node-file-system.js";
import { temporaryDirectory } from "./support/directory.js";
import { Starter } from "./support/starter.js";

const files = new NodeFileSystem();

/** A record as some process left it. */
function leave(directory: string, record: object): void {
  writeFileSync(join(directory, "LOCK.1"), JSON.stringify({ ...thisProcess(), socket: null, ...record }));
}

function refusal(directory: string): RaftError {
  try {
    files.lock(directory).release();
  } catch (error) {
    if (error instanceof RaftError) return error;
    throw error;
  }
  return assert.fail("the directory was free");
}

/** The next start gets the directory, and nobody had to help. */
function takesOver(directory: string): void {
  expect(() => files.lock(directory).release()).not.toThrow();
}

/** Rewrites who holds the directory, as a process in another pid namespace would see it. */
function moveHolderToAnotherNamespace(directory: string): void {
  const name = readdirSync(directory).find((entry) => /^LOCK\.\d+$/.test(entry)) as string;
  const record = JSON.parse(readFileSync(join(directory, name), "utf8")) as object;
  writeFileSync(join(directory, name), JSON.stringify({ ...record, pid: 1, pidNamespace: "pid:[1]" }));
}

describe("directory lock", () => {
  it("L11 a second holder is refused at once, with the holder's pid, and what to do", async () => {
    const directory = temporaryDirectory();
    const starter = await Starter.begin();
    expect(await starter.take(directory)).toMatchObject({ held: true });
    const error = refusal(directory);
    expect(error).toMatchObject({ code: "DirectoryLocked", outcome: "refused", details: { pid: starter.pid } });
    expect(error.message).toContain(`in use by process ${starter.pid}`);
    await starter.tell({ do: "release" });
    takesOver(directory);
  });

  it("L11 a second holder in the same process is refused, and release is idempotent", () => {
    const directory = temporaryDirectory();
    const lock = files.lock(directory);
    expect(refusal(directory).details["pid"]).toBe(process.pid);
    lock.release();
    const next = files.lock(directory);
    lock.release();
    expect(refusal(directory).code).toBe("DirectoryLocked");
    next.release();
  });

  it("L11 after kill -9 the next start takes over unaided, and leaves one record behind", async () => {
    const directory = temporaryDirectory();
    for (let round = 0; round < 2; round++) {
      const starter = await Starter.begin();
      expect(await starter.take(directory)).toMatchObject({ held: true });
      await starter.kill();
    }
    takesOver(directory);
    expect(readdirSync(directory)).toEqual(["LOCK.3"]);
  });

  it("L11 a stopped holder (SIGSTOP) still holds", async () => {
    const directory = temporaryDirectory();
    const starter = await Starter.begin();
    await starter.take(directory);
    starter.stop();
    expect(refusal(directory).details["pid"]).toBe(starter.pid);
    moveHolderToAnotherNamespace(directory);
    expect(refusal(directory).code).toBe("DirectoryLocked");
  });

  it("L11 a reused pid does not hold: our own, with another start time", () => {
    const directory = temporaryDirectory();
    leave(directory, { startTime: "1" });
    takesOver(directory);
  });

  it("L11 a record of another boot does not hold", () => {
    const directory = temporaryDirectory();
    leave(directory, { bootId: "00000000-0000-0000-0000-000000000000" });
    takesOver(directory);
  });

  it("L11 a record that the power failure emptied, zeroed or tore does not hold", () => {
    for (const content of ["", "\0".repeat(120), '{"pid":12', "null", '{"pid":"x"}']) {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, "LOCK.1"), content);
      takesOver(directory);
    }
  });

  it("L11 where pid 1 means somebody else, the kernel's socket decides: refused while it lives, taken over after", async () => {
    const directory = join(temporaryDirectory(), "a-directory-with-a-name-longer-than-a-socket-path-may-be".repeat(3));
    mkdirSync(directory);
    const starter = await Starter.begin();
    await starter.take(directory);
    moveHolderToAnotherNamespace(directory);
    expect(refusal(directory).details["pid"]).toBe(1);
    await starter.kill();
    takesOver(directory);
  });

  it("L11 of two simultaneous starters over a dead holder exactly one wins, fifty times", async () => {
    const starters = await Promise.all([Starter.begin(), Starter.begin()]);
    for (let round = 0; round < 50; round++) {
      const directory = temporaryDirectory();
      leave(directory, { startTime: "1" });
      const at = Date.now() + 3;
      const answers = await Promise.all(starters.map((starter) => starter.tell({ do: "take", directory, at })));
      expect(answers.filter(({ held }) => held)).toHaveLength(1);
      const winner = answers.find(({ held }) => held)?.pid;
      expect(answers.find(({ held }) => !held)).toMatchObject({ code: "DirectoryLocked", pid: winner });
      await Promise.all(starters.map((starter) => starter.tell({ do: "release" })));
    }
  });

  it("L11 starters that take and give back without pause are never inside together", async () => {
    const directory = temporaryDirectory();
    const starters = await Promise.all([Starter.begin(), Starter.begin()]);
    const answers = await Promise.all(starters.map((starter) => starter.tell({ do: "fight", directory, rounds: 150 })));
    expect(answers.map(({ intruders }) => intruders)).toEqual([0, 0]);
  });
});
