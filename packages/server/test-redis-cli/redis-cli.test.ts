import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { portOf, Workshop } from "../test/support/serve-process.js";
import { ThreeNodes } from "../test/support/three-nodes.js";

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes().start();
});
afterAll(() => cluster.stop());

/** Runs the real redis-cli against a node; `input` is what is typed or piped in. */
function redisCli(id: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("redis-cli", ["-p", `${cluster.respPort(id)}`, ...args]);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("latin1");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      out += chunk.toString("latin1");
    });
    child.on("error", reject);
    child.on("close", () => resolve(out));
    child.stdin.end(input);
  });
}

const follower = async () => {
  const leader = await cluster.leader();
  return cluster.ids.find((id) => id !== leader) as string;
};

describe("redis-cli", () => {
  it("T03 --tls talks to a door with a certificate, and not to one of another authority", async () => {
    const workshop = new Workshop();
    try {
      const [own, foreign] = [join(workshop.directory, "own"), join(workshop.directory, "foreign")];
      for (const place of [own, foreign])
        expect(await workshop.run("certs", place, "--nodes", "n1", "--hosts", "localhost,127.0.0.1").end()).toBe(0);
      const tls = ["--door-cert", join(own, "n1.crt"), "--door-key", join(own, "n1.key")];
      const { listening } = await workshop.single("n1", ...tls);
      const ask = (directory: string, ...command: readonly string[]) =>
        spawnSync(
          "redis-cli",
          ["-p", `${portOf(listening.resp)}`, "--tls", "--cacert", join(directory, "ca.crt"), ...command],
          { encoding: "utf8" },
        );
      await expect.poll(() => ask(own, "SET", "k", "v").stdout, { timeout: 10_000 }).toBe("OK\n");
      expect(ask(own, "GET", "k").stdout).toBe("v\n");
      const refused = ask(foreign, "PING");
      expect(refused.stdout).not.toContain("PONG");
      expect(refused.stderr).toMatch(/certificate verify failed/);
    } finally {
      await workshop.cleanUp();
    }
  });

  it("R18 works unchanged on a follower, one command at a time", async () => {
    const id = await follower();
    expect(await redisCli(id, ["PING"])).toBe("PONG\n");
    expect(await redisCli(id, ["SET", "greeting", "hello world", "EX", "100"])).toBe("OK\n");
    expect(await redisCli(id, ["GET", "greeting"])).toBe("hello world\n");
    expect(Number(await redisCli(id, ["TTL", "greeting"]))).toBeGreaterThan(90);
    expect(await redisCli(id, ["INCRBY", "n", "41"])).toBe("41\n");
    expect(await redisCli(id, ["INCR", "n"])).toBe("42\n");
    expect(await redisCli(id, ["MSET", "a", "1", "b", "2"])).toBe("OK\n");
    expect(await redisCli(id, ["--no-raw", "MGET", "a", "x", "b"])).toBe('1) "1"\n2) (nil)\n3) "2"\n');
    expect(await redisCli(id, ["DEL", "a", "b", "x"])).toBe("2\n");
    expect(await redisCli(id, ["EXISTS", "a", "n"])).toBe("1\n");
  });

  it("holds a conversation over one connection, errors included", async () => {
    const typed = [
      "SET k 1 NX",
      "SET k 2 NX",
      "SELECT 0",
      "SELECT 1",
      "FLUSHALL",
      "GET",
      "HELLO 3",
      "CLIENT SETNAME cli",
      "CLIENT GETNAME",
      'SET bin "\\x00\\xff"',
      "GET bin",
      "ECHO bye",
    ];
    const out = await redisCli("n1", ["--no-raw"], `${typed.join("\n")}\n`);
    expect(out.trimEnd().split("\n")).toEqual([
      "OK",
      "(nil)",
      "OK",
      "(error) ERR DB index is out of range",
      expect.stringMatching(/^\(error\) ERR unknown command 'FLUSHALL'/),
      "(error) ERR wrong number of arguments for 'get' command",
      "(error) NOPROTO unsupported protocol version",
      "OK",
      '"cli"',
      "OK",
      '"\\x00\\xff"',
      '"bye"',
    ]);
  });

  it("scans, and loads in bulk", async () => {
    const commands = Array.from(
      { length: 2_000 },
      (_, i) => `*3\r\n$3\r\nSET\r\n$9\r\nbulk-${1_000 + i}\r\n$1\r\nv\r\n`,
    );
    const out = await redisCli(await follower(), ["--pipe"], commands.join(""));
    expect(out).toContain("errors: 0, replies: 2000");
    const found = await redisCli("n1", ["--scan", "--pattern", "bulk-*"]);
    expect(new Set(found.trimEnd().split("\n")).size).toBe(2_000);
  });

  it("INFO and COMMAND are good enough for its own use", async () => {
    expect(await redisCli("n2", ["INFO", "hexraft"])).toMatch(/node_id:n2/);
    expect(Number(await redisCli("n2", ["COMMAND", "COUNT"]))).toBeGreaterThan(30);
    expect(await redisCli("n2", ["COMMAND", "DOCS", "GET"])).toContain("Returns the value of a key.");
  });

  it("C01 says that nothing was done when there is no majority", async () => {
    const leader = await cluster.leader();
    const others = cluster.ids.filter((id) => id !== leader);
    await Promise.all(others.map((id) => cluster.of(id).process.signal("SIGKILL")));
    await expect
      .poll(() => redisCli(leader, ["SET", "k", "v"]), { timeout: 10_000, interval: 100 })
      .toMatch(/^CLUSTERDOWN nothing was done/);
    await Promise.all(others.map((id) => cluster.startOne(id)));
    await cluster.leader();
    expect(await redisCli(leader, ["SET", "k", "v"])).toBe("OK\n");
  });
});
