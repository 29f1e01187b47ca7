import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { HexraftClient } from "@hexraft/client";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Listening } from "../src/serve/start-server.js";
import { PATIENT } from "./support/patient.js";
import { type HexraftProcess, MAIN, nodeArguments, portOf, Workshop } from "./support/serve-process.js";

const SECRET = "tell-nobody-7f3a";
const OPERATOR = "nor-this-one-91c2";
let workshop: Workshop;
beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop.cleanUp());

/** As a person would: the secret goes in by standard input. */
const hashOf = (secret: string): string =>
  spawnSync(process.execPath, [MAIN, "secret"], { input: `${secret}\n`, encoding: "utf8" }).stdout.trim();

function access(): string {
  const users = {
    default: { role: "write", secret: hashOf(SECRET) },
    ops: { role: "admin", secret: hashOf(OPERATOR) },
  };
  const file = join(workshop.directory, "access.json");
  writeFileSync(file, JSON.stringify({ users }));
  return file;
}

/** What clients of every kind are told, right and wrong; everything that could leak. */
async function talk(process: HexraftProcess, listening: Required<Listening>): Promise<string> {
  const told: unknown[] = [];
  const failing = async (run: () => Promise<unknown>) => {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    told.push(error);
    return error;
  };
  const endpoints = [{ host: "127.0.0.1", port: portOf(listening.client) }];
  const client = new HexraftClient({ endpoints, credentials: { password: SECRET }, ...PATIENT });
  const wrong = new HexraftClient({ endpoints, credentials: { user: "ops", password: SECRET }, ...PATIENT });
  const redis = new Redis({ port: portOf(listening.resp), password: SECRET });
  const other = await createClient({
    RESP: 2,
    url: `redis://ops:${OPERATOR}@127.0.0.1:${portOf(listening.resp)}`,
  }).connect();
  const silent = new Redis({ port: portOf(listening.resp), enableReadyCheck: false });
  const mistaken = createClient({
    RESP: 2,
    url: `redis://default:${OPERATOR}@127.0.0.1:${portOf(listening.resp)}`,
    socket: { reconnectStrategy: false },
  });
  mistaken.on("error", () => {});
  try {
    await client.put("a", "1");
    expect(await redis.get("a")).toBe("1");
    expect(await other.set("b", "2")).toBe("OK");
    expect(await failing(() => wrong.get("a"))).toMatchObject({ code: "AccessDenied" });
    expect(String(await failing(() => silent.get("a")))).toContain("NOAUTH");
    expect(String(await failing(() => mistaken.connect()))).toContain("WRONGPASS");
    expect(String(await failing(() => redis.auth("ops", SECRET)))).toContain("WRONGPASS");
    for (const path of ["/v1/status", "/v1/status?format=text", "/v1/hash", "/healthz"]) {
      const answer = await fetch(`http://${listening.http}${path}`, {
        headers: { authorization: `Bearer ops~${OPERATOR}` },
      });
      expect(answer.status).toBe(200);
      told.push(await answer.text());
    }
    const denied = await fetch(`http://${listening.http}/v1/kv/a`, {
      headers: { authorization: `Bearer ops~${SECRET}` },
    });
    expect(denied.status).toBe(401);
    told.push(await denied.text(), [...denied.headers], await redis.info());
  } finally {
    client.close();
    wrong.close();
    redis.disconnect();
    silent.disconnect();
    other.destroy();
  }
  return `${told.map((each) => inspect(each, { depth: 10 })).join("\n")}\n${process.out}${process.error}`;
}

describe("hexraft serve --access", () => {
  it("ioredis, node-redis and HexraftClient come in with a password; no output, error or description holds one", async () => {
    const { process, listening } = await workshop.single("n1", "--access", access());
    await expect.poll(() => process.out).toContain("founded the cluster");
    const told = await talk(process, listening);
    expect(await process.signal("SIGTERM")).toBe(0);
    const everything = `${told}${process.out}${process.error}`;
    expect(everything).toContain("n1 serves");
    // ioredis puts the command that was refused into its own error; that one never left the client.
    expect(everything.replaceAll(/args: \[[^\]]*\]/g, "")).not.toMatch(new RegExp(`${SECRET}|${OPERATOR}|scrypt`));
  });

  it("T03 doors that speak TLS, to hexraft admin as well, and SIGHUP makes them look who may come in", async () => {
    const certs = join(workshop.directory, "certs");
    expect(await workshop.run("certs", certs, "--nodes", "n1", "--hosts", "localhost,127.0.0.1").end()).toBe(0);
    const file = access();
    const tls = ["--door-cert", join(certs, "n1.crt"), "--door-key", join(certs, "n1.key")];
    const { process, listening } = await workshop.single("n1", "--access", file, ...tls);
    const client = new HexraftClient({
      endpoints: [{ host: "127.0.0.1", port: portOf(listening.client) }],
      credentials: { password: SECRET },
      tls: { caFile: join(certs, "ca.crt") },
      ...PATIENT,
    });
    try {
      await expect.poll(() => client.put("a", "1").catch(() => false)).toBe(true);
      const password = join(workshop.directory, "ops.secret");
      writeFileSync(password, `${OPERATOR}\n`);
      const who = ["--user", "ops", "--password-file", password, "--ca", join(certs, "ca.crt")];
      const asked = workshop.run("admin", "leader", "--cluster", listening.client, ...who);
      expect([await asked.end(), asked.out, asked.error]).toEqual([0, "n1\n", ""]);
      const { users } = JSON.parse(readFileSync(file, "utf8")) as { users: Record<string, unknown> };
      writeFileSync(file, JSON.stringify({ users: { ops: users["ops"] } }));
      process.child.kill("SIGHUP");
      await expect.poll(() => process.out).toContain("took the new access file");
      await expect(client.get("a")).rejects.toMatchObject({ code: "AccessDenied" });
      writeFileSync(file, "{");
      process.child.kill("SIGHUP");
      await expect.poll(() => process.out).toContain("kept the users known before");
    } finally {
      client.close();
    }
    expect(await process.signal("SIGTERM")).toBe(0);
  });

  it("O05 does not open a door beyond this machine to everybody, unless it is told so", async () => {
    const args = (...more: readonly string[]) => [
      ...nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1"),
      "--http",
      "0.0.0.0:0",
      ...more,
    ];
    const refused = workshop.run(...args());
    expect(await refused.end()).toBe(2);
    expect(refused.error).toMatch(/http is "0\.0\.0\.0:0".*unless access .* or openDoors/);
    for (const half of [args("--open-doors"), args("--access", access())]) {
      const plain = workshop.run(...half);
      expect(await plain.end()).toBe(2);
      expect(plain.error).toMatch(/http is "0\.0\.0\.0:0".*unless doorTls .* or plaintextDoors/);
    }
    const open = workshop.run(...args("--open-doors", "--plaintext-doors"));
    expect((await open.ready).http).toMatch(/^0\.0\.0\.0:\d+$/);
    await open.signal("SIGKILL");
    const known = workshop.run(...args("--access", access(), "--plaintext-doors"));
    const { http = "" } = await known.ready;
    expect((await fetch(`http://127.0.0.1:${portOf(http)}/v1/status`)).status).toBe(401);
    expect(known.out).toContain("passwords cross the network as they are");
  });
});
