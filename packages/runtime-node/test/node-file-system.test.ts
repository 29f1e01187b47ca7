import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NodeFileSystem } from "../src/node-file-system.js";
import { temporaryDirectory } from "./support/directory.js";

const files = new NodeFileSystem();
const ascii = (text: string) => new TextEncoder().encode(text);

describe("NodeFileSystem", () => {
  it("writes buffers one after another at a place, reads them back both ways, and keeps them", async () => {
    const path = join(temporaryDirectory(), "file");
    const file = files.open(path, { create: true });
    expect(file.writev([ascii("hello "), ascii("world")], 3)).toBe(11);
    await file.datasync();
    expect(file.size()).toBe(14);
    const into = new Uint8Array(20);
    expect(file.read(into, 3)).toBe(11);
    expect(new TextDecoder().decode(into.subarray(0, 11))).toBe("hello world");
    expect(await file.readAsync(into.subarray(0, 5), 9)).toBe(5);
    expect(new TextDecoder().decode(into.subarray(0, 5))).toBe("world");
    file.truncate(4);
    expect(files.size(path)).toBe(4);
    file.close();
    file.close();
  });

  it("takes more buffers in one call than the kernel does", () => {
    const file = files.open(join(temporaryDirectory(), "file"), { create: true });
    expect(file.writev(new Array<Uint8Array>(3_000).fill(ascii("ab")), 0)).toBe(6_000);
    file.close();
  });

  it("says what is missing with the host's own code, and nothing where nothing is an answer", () => {
    const directory = temporaryDirectory();
    const missing = join(directory, "missing");
    expect(() => files.open(missing, {})).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(files.size(missing)).toBe(-1);
    expect(files.list(missing)).toEqual([]);
    files.remove(missing);
    writeFileSync(missing, "");
    expect(() => files.open(missing, { exclusive: true })).toThrow(expect.objectContaining({ code: "EEXIST" }));
    files.rename(missing, join(directory, "there"));
    expect(files.list(directory)).toEqual(["there"]);
  });

  it("makes files and directories for their owner alone", async () => {
    const directory = join(temporaryDirectory(), "a", "b");
    files.makeDirectory(directory);
    files.makeDirectory(directory);
    files.open(join(directory, "file"), { create: true }).close();
    await files.syncDirectory(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "file")).mode & 0o777).toBe(0o600);
  });

  it("refuses a directory that cannot be made, at once and with the host's word", () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    expect(() => files.makeDirectory(join(file, "below", "it"))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
  });

  it("lets a read or sync that is under way end before it gives the file back", async () => {
    const path = join(temporaryDirectory(), "file");
    writeFileSync(path, "hello");
    const file = files.open(path, {});
    const into = new Uint8Array(5);
    const underWay = [file.readAsync(into, 0), file.datasync()];
    file.close();
    expect((await Promise.all(underWay))[0]).toBe(5);
    await expect(file.datasync()).rejects.toThrow(/EBADF|out of range/);
  });

  it("refuses a read-only file to a writer", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "d"));
    writeFileSync(join(directory, "file"), "x");
    const file = files.open(join(directory, "file"), { readOnly: true });
    expect(() => file.writev([ascii("y")], 0)).toThrow(expect.objectContaining({ code: "EBADF" }));
    file.close();
  });
});
