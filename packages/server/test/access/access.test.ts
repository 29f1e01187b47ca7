import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAccess } from "../../src/access/access-file.js";
import { runSecret } from "../../src/access/run-secret.js";
import { fits, hashSecret, parseSecretHash, type SecretHash } from "../../src/access/secret-hash.js";

const SECRET = "correct horse battery staple";
let hash: string;
let directory: string;
beforeAll(async () => {
  hash = await hashSecret(SECRET);
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const accessOf = (content: unknown) => {
  const file = join(directory, "access.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return readAccess(file, undefined);
};

describe("what is kept of a secret", () => {
  it("is a hash under a salt of its own, which the secret fits and nothing else", async () => {
    expect(hash).toMatch(/^scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await hashSecret(SECRET)).not.toBe(hash);
    const parsed = parseSecretHash(hash) as SecretHash;
    expect(await fits(SECRET, parsed)).toBe(true);
    for (const wrong of ["", `${SECRET} `, SECRET.toUpperCase()]) expect(await fits(wrong, parsed)).toBe(false);
  });

  it("is read only if its costs are such that one login does not take the machine down", () => {
    const [, , , , salt, key] = hash.split("$");
    expect(parseSecretHash(`scrypt$10$8$1$${salt}$${key}`)).toBeDefined();
    for (const wrong of [
      SECRET,
      `scrypt$9$8$1$${salt}$${key}`,
      `scrypt$18$8$1$${salt}$${key}`,
      `scrypt$15$17$1$${salt}$${key}`,
      `scrypt$15$8$5$${salt}$${key}`,
      `scrypt$15$0$1$${salt}$${key}`,
      `scrypt$15$8$1$short$${key}`,
      `scrypt$15$8$1$${salt}$short`,
      `${hash}$`,
    ])
      expect({ wrong, hash: parseSecretHash(wrong) }).toEqual({ wrong, hash: undefined });
  });

  it("hexraft secret reads it from standard input, or makes one", async () => {
    const said: string[] = [];
    const input = async function* (...chunks: string[]) {
      yield* chunks;
    };
    await runSecret(false, input(SECRET.slice(0, 5), `${SECRET.slice(5)}\r\nsecond line`), (line) => said.push(line));
    expect(await fits(SECRET, parseSecretHash(said[0] as string) as SecretHash)).toBe(true);
    expect(said).toHaveLength(1);
    await runSecret(true, input(), (line) => said.push(line));
    const [, made, madeHash] = said as [string, string, string];
    expect(made).toMatch(/^[\w-]{43}$/);
    expect(await fits(made, parseSecretHash(madeHash) as SecretHash)).toBe(true);
    await expect(runSecret(false, input("\n"), () => {})).rejects.toMatchObject({ code: "BadOption" });
  });
});

describe("who may come in", () => {
  it("is who is known and has the right secret; nobody is told which was wrong", async () => {
    const access = accessOf({ users: { app: { role: "write", secret: hash }, off: { role: "none", secret: hash } } });
    expect(await access.login("app", SECRET)).toEqual({ name: "app", role: "write" });
    expect(await access.login("off", SECRET)).toEqual({ name: "off", role: "none" });
    expect(await access.login("app", `${SECRET}x`)).toBeNull();
    expect(await access.login("appc", SECRET.slice(1))).toBeNull();
    expect(await access.login("nobody", SECRET)).toBeNull();
    expect(await access.login("app", "x".repeat(2_000))).toBeNull();
    expect([access.anonymous, access.hasUsers]).toEqual([{ name: "", role: "none" }, true]);
  });

  it("takes about as long for a user who is not known as for a wrong secret", async () => {
    const access = accessOf({ users: { app: { role: "write", secret: hash } } });
    const took = async (name: string) => {
      const times: number[] = [];
      for (let i = 0; i < 3; i++) {
        const begun = process.cpuUsage();
        await access.login(name, `wrong ${i}`);
        const { user, system } = process.cpuUsage(begun);
        times.push(user + system);
      }
      return Math.min(...times);
    };
    expect(await took("nobody")).toBeGreaterThan((await took("app")) / 3);
  });

  it("hashes a right login once, however many come at once and later", async () => {
    const access = accessOf({ users: { app: { role: "read", secret: hash } } });
    const cpu = async (run: () => Promise<unknown>) => {
      const begun = process.cpuUsage();
      await run();
      return process.cpuUsage(begun).user;
    };
    const once = await cpu(() => access.login("app", "wrong"));
    const many = () => Promise.all(Array.from({ length: 500 }, () => access.login("app", SECRET)));
    for (const identity of await many()) expect(identity?.name).toBe("app");
    expect(await cpu(many)).toBeLessThan(once * 10);
  });

  it("lets no more than its bound of logins wait for the disk's threads", async () => {
    const cheap = hash.replace("scrypt$15$", "scrypt$10$");
    const access = accessOf({ users: { app: { role: "read", secret: cheap } } });
    const tries = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => access.login("app", `wrong ${i}`)));
    const refused = tries.filter((each) => each.status === "rejected");
    expect(refused).toHaveLength(44);
    expect(refused[0]).toMatchObject({ reason: { code: "Overloaded", outcome: "refused" } });
  });

  it("comes out of the file, else out of the environment, else everybody does", () => {
    const content = JSON.stringify({ anonymous: "read", users: { app: { role: "admin", secret: hash } } });
    expect(readAccess(undefined, content).anonymous.role).toBe("read");
    expect(readAccess(undefined, "").anonymous.role).toBe("admin");
    expect([readAccess(undefined, undefined).hasUsers, accessOf(content).hasUsers]).toEqual([false, true]);
    expect(accessOf({ anonymous: "write" }).anonymous.role).toBe("write");
  });

  it.each([
    ["no JSON", `{"users":{"app":{"secret":"${SECRET}"`],
    ["no object", `["${SECRET}"]`],
    ["an unknown field", { [SECRET]: 1 }],
    ["an unknown field of a user", { users: { app: { role: "read", secret: "HASH", [SECRET]: 1 } } }],
    ["the secret itself", { users: { app: { role: "read", secret: SECRET } } }],
    ["no secret", { users: { app: { role: "read" } } }],
    ["an unknown role", { users: { app: { role: SECRET, secret: "HASH" } } }],
    ["a name that is none", { users: { [SECRET]: { role: "read", secret: "HASH" } } }],
    ["an unknown role of everybody", { anonymous: SECRET }],
    ["users that are none", { users: [SECRET] }],
  ])("O05 refuses %s, says where, and repeats nothing that was there", (_what, content) => {
    const text = (typeof content === "string" ? content : JSON.stringify(content)).replace("HASH", hash);
    let thrown: unknown;
    try {
      accessOf(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "BadOption", outcome: "refused" });
    expect((thrown as Error).message).toContain("access.json");
    expect(inspect(thrown, { depth: 10 })).not.toContain(SECRET);
    expect(inspect(thrown, { depth: 10 })).not.toContain(hash.slice(-20));
  });

  it("O05 names a file that cannot be read", () => {
    expect(() => readAccess(join(directory, "none.json"), undefined)).toThrow(/none\.json.*ENOENT/);
  });

  it("holds no secret that somebody could print", async () => {
    const access = accessOf({ users: { app: { role: "read", secret: hash } } });
    await access.login("app", SECRET);
    await access.login("app", "another secret");
    expect(inspect(access, { depth: 10, showHidden: true })).not.toMatch(/correct horse|another secret/);
  });
});
