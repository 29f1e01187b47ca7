import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workshop } from "./support/serve-process.js";
import { until } from "./support/three-nodes.js";

let workshop: Workshop;
let directory: string;
beforeAll(async () => {
  workshop = new Workshop();
  directory = join(workshop.directory, "n1");
  const { process, listening } = await workshop.single();
  for (let i = 0; i < 20; i++) await put(listening.http, `k${i}`);
  await process.signal("SIGTERM");
});
afterAll(() => workshop.cleanUp());

const put = (http: string, key: string) =>
  until("an acknowledged write", async () => {
    const { ok } = await fetch(`http://${http}/v1/kv/${key}`, { method: "PUT", body: "v" });
    return ok ? true : undefined;
  });

async function inspect(...args: readonly string[]): Promise<{ readonly code: number | string; readonly out: string }> {
  const process = workshop.run("inspect", ...args);
  return { code: await process.end(), out: process.out + process.error };
}

describe("hexraft inspect", () => {
  it("O08 says what is in the directory of a stopped node, in words and as JSON", async () => {
    const { code, out } = await inspect(directory);
    expect([code, out]).toEqual([0, expect.stringContaining("nothing is damaged")]);
    expect(out).not.toContain("FORGOTTEN");
    expect(out).toMatch(/node n1, cluster [0-9a-f]{32}, start 1/);
    expect(out).toMatch(/configuration at 1: voters n1/);
    const json = await inspect(directory, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ identity: { nodeId: "n1" }, groups: [{ refusal: "" }], damage: [] });
  });

  it("O08 L03 ends with exit code 6 and names file and bytes of what is damaged", async () => {
    const copy = join(workshop.directory, "damaged");
    cpSync(directory, copy, { recursive: true });
    const [segment = ""] = readdirSync(join(copy, "main/log"));
    const path = join(copy, "main/log", segment);
    const intact = readFileSync(path);
    const inspected = async (at: number) => {
      writeFileSync(
        path,
        Uint8Array.from(intact, (byte, i) => (i === at ? byte ^ 1 : byte)),
      );
      const { code, out } = await inspect(copy);
      expect([code, out]).toEqual([6, expect.stringMatching(/DAMAGED\n {2}\S+\.seg bytes \d+–\d+: /)]);
      return out;
    };
    // In a batch, behind which others say where the log stood; and in the file's own head.
    expect(await inspected(700)).not.toContain("it would not open: ");
    expect(await inspected(100)).toContain("it would not open: ");
  });

  it("O08 L03 says which entries a replica has forgotten, in words and as JSON", async () => {
    const copy = join(workshop.directory, "forgetful");
    cpSync(directory, copy, { recursive: true });
    const bytes = Buffer.alloc(256);
    bytes.write("HXFG");
    bytes.writeUInt16LE(1, 4);
    for (const [i, field] of [40, 47, 1, 4_096, 512].entries()) bytes.writeBigUInt64LE(BigInt(field), 8 + 8 * i);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 252)), 252);
    writeFileSync(join(copy, "main/log/forgotten"), bytes);
    const { code, out } = await inspect(copy);
    expect([code, out]).toEqual([0, expect.stringMatching(/FORGOTTEN: entries 40–47 .*\.seg bytes 4096–4607/)]);
    const json = await inspect(copy, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ groups: [{ forgotten: { first: 40, last: 47 } }] });
  });

  it("O08 compares the logs of two nodes, and ends with exit code 1 if they differ", async () => {
    const same = await inspect(directory, "--diff", directory);
    expect([same.code, same.out]).toEqual([0, expect.stringMatching(/entries 1–\d+ are in both logs and are equal/)]);
    const { process, listening } = await workshop.single("n2");
    await put(listening.http, "other");
    await process.signal("SIGTERM");
    const other = await inspect(directory, "--diff", join(workshop.directory, "n2"));
    expect([other.code, other.out]).toEqual([1, expect.stringContaining("DIFFERENT")]);
  });

  it("O08 O05 tells of one group if one is asked for, and refuses one that is not there", async () => {
    const one = await inspect(directory, "--group-id", "main", "--json");
    expect(JSON.parse(one.out)).toMatchObject({ groups: [{ groupId: "main" }] });
    const none = await inspect(directory, "--group-id", "other");
    expect([none.code, none.out]).toEqual([2, expect.stringContaining("there is no group other in")]);
  });

  it("O05 a directory that is missing or empty is refused with exit code 2", async () => {
    const { code, out } = await inspect(join(workshop.directory, "nowhere"));
    expect([code, out]).toEqual([2, expect.stringContaining("is not a data directory")]);
  });
});
