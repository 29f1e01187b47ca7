import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import { freePorts } from "@hexraft/testing/proxy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RawClient } from "./support/raw-client.js";
import { MAIN, nodeArguments, portOf, Workshop } from "./support/serve-process.js";

let workshop: Workshop;
beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop.cleanUp());

const ready = (http: string) => expect.poll(async () => (await fetch(`http://${http}/readyz`)).status).toBe(200);

describe("hexraft serve", () => {
  it("O04 E18 founds a cluster of one, serves, and stops on SIGTERM with exit code 0", async () => {
    const { process, listening } = await workshop.single();
    await ready(listening.http);
    const put = await fetch(`http://${listening.http}/v1/kv/k`, { method: "PUT", body: "v" });
    expect(put.status).toBe(200);
    expect(await process.signal("SIGTERM")).toBe(0);
    expect(process.error).toBe("");
    expect(process.out).toContain("n1 founded the cluster");
  });

  it("R16 comes back over its own files, and founds nothing again", async () => {
    const first = await workshop.single();
    await ready(first.listening.http);
    await fetch(`http://${first.listening.http}/v1/kv/k`, { method: "PUT", body: "kept" });
    await first.process.signal("SIGKILL");
    const second = await workshop.single();
    await ready(second.listening.http);
    expect(await (await fetch(`http://${second.listening.http}/v1/kv/k`)).text()).toBe("kept");
    expect(second.process.out).not.toContain("founded");
  });

  it("ends when the process that forked it is gone", async () => {
    const { process } = await workshop.single();
    process.child.disconnect();
    expect(await process.end()).toBe(0);
  });

  it("reads a config file, and writes JSON logs if told to", async () => {
    const config = join(workshop.directory, "config.json");
    const [port] = await freePorts(1);
    writeFileSync(
      config,
      JSON.stringify({
        nodeId: "n1",
        dataDirectory: join(workshop.directory, "n1"),
        listen: `127.0.0.1:${port}`,
        http: 0,
        bootstrap: { n1: `127.0.0.1:${port}` },
        raft: { electionTimeoutMs: 150 },
      }),
    );
    const process = workshop.run("serve", "--config", config, "--log", "json");
    await ready((await process.ready).http as string);
    await process.signal("SIGINT");
    for (const line of process.out.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
  });

  it("T01 garbage on the client port is shown the door, and the node goes on", async () => {
    const { listening } = await workshop.single();
    await ready(listening.http);
    const raw = await RawClient.to(portOf(listening.client));
    raw.say("GET / HTTP/1.1\r\n\r\n");
    expect(await raw.end()).toMatch(/announces|hexraft/);
    const endpoints = [{ host: "127.0.0.1", port: portOf(listening.client) }];
    const client = new HexraftClient({ endpoints, deadlineMs: 20_000 });
    expect(await client.put("k", "v")).toBe(true);
    expect(await client.increment("n", 5)).toBe(5n);
    expect(await client.compareAndSet("k", "v", "w")).toBe(true);
    expect(Buffer.from((await client.get("k")) as Uint8Array).toString()).toBe("w");
    expect(await client.delete("k")).toBe(true);
    expect((await client.range()).entries.length).toBe(1);
    expect(await client.getMany(["k", "n"])).toEqual([null, expect.any(Uint8Array)]);
    client.close();
  });
});

describe("what goes wrong", () => {
  it.each([
    [["serve", "--nod-id", "n1"], /unknown option '--nod-id'/],
    [["serve", "--election-timeout", "soon"], /It must be a number/],
    [
      ["serve", "--node-id", "n1", "--data-directory", "/nowhere"],
      /listen is undefined, but it must say where peers reach/,
    ],
    [
      ["serve", "--node-id", "n/1", "--data-directory", "x", "--listen", "1"],
      /nodeId is "n\/1", but it must be 1–64 characters/,
    ],
    [["serve", "--config", "/no/such/file"], /config is "\/no\/such\/file", but it must be a file/],
    [["explode"], /unknown command 'explode'/],
  ])("O05 %j ends with exit code 2 and says why", async (args, reason) => {
    const process = workshop.run(...args);
    expect(await process.end()).toBe(2);
    expect(process.error).toMatch(reason);
  });

  it("O05 timing that cannot work is refused with exit code 2, and no file is made", async () => {
    const args = nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1");
    const process = workshop.run(...args, "--heartbeat-interval", "100");
    expect(await process.end()).toBe(2);
    expect(process.error).toContain("heartbeatIntervalMs is 100, but it must be at most a third of electionTimeoutMs");
    expect(existsSync(join(workshop.directory, "n1"))).toBe(false);
  });

  it("O05 a front's port in use ends with exit code 3, and the directory is free again", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    const args = nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1");
    const process = workshop.run(...args, "--http", `${port}`);
    expect(await process.end()).toBe(3);
    expect(process.error).toContain(`Cannot listen on 127.0.0.1:${port} (http): another process listens there`);
    await new Promise((resolve) => taken.close(resolve));
    const again = await workshop.single();
    await ready(again.listening.http);
  });

  it("O05 the peer port in use ends with exit code 3", async () => {
    const { listening } = await workshop.single();
    const process = workshop.run(...nodeArguments(workshop.directory, "n2", portOf(listening.peer), "n2=127.0.0.1:1"));
    expect(await process.end()).toBe(3);
    expect(process.error).toContain(`${portOf(listening.peer)}`);
  });

  it("L11 a directory in use ends with exit code 4 and names the holder", async () => {
    const holder = await workshop.single();
    const process = workshop.run(...nodeArguments(workshop.directory, "n1", 0, "n1=127.0.0.1:1"));
    expect(await process.end()).toBe(4);
    expect(process.error).toContain(`${holder.process.pid}`);
    await ready(holder.listening.http);
  });

  it("L10 a directory of another node ends with exit code 5, and is not touched", async () => {
    const owner = await workshop.single();
    await ready(owner.listening.http);
    await owner.process.signal("SIGTERM");
    const [, , , , directory = ""] = nodeArguments(workshop.directory, "n1", 0, "");
    const args = nodeArguments(workshop.directory, "n2", 0, "n2=127.0.0.1:1");
    const thief = workshop.run(...args, "--data-directory", directory);
    expect(await thief.end()).toBe(5);
    expect(thief.error).toContain("n1");
    await ready((await workshop.single()).listening.http);
  });

  it("L04 L05 a disk that takes nothing more ends the process with exit code 7; with room again nothing acknowledged is missing", async () => {
    const [port = 0, http = 0] = await freePorts(2);
    const founded = nodeArguments(workshop.directory, "n1", port, `n1=127.0.0.1:${port}`);
    const args = [...founded, "--http", `${http}`];
    // No file may grow over half a megabyte; the signal that comes with it is ignored, so that the write fails instead.
    const limited = ["-c", 'trap "" XFSZ; ulimit -f 1024; exec "$0" "$@"', process.execPath, MAIN, ...args];
    const node = spawn("sh", limited, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    node.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const exited = new Promise((resolve) => node.once("exit", resolve));
    const deadline = setTimeout(() => node.kill("SIGKILL"), 50_000);
    const acknowledged: string[] = [];
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${http}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    await Promise.race([exited, writeUntilItEnds(http, acknowledged)]);
    expect([await exited, said]).toEqual([7, expect.stringMatching(/could not be written: EFBIG/)]);
    clearTimeout(deadline);
    const again = workshop.run(...args);
    await ready((await again.ready).http as string);
    const answers = await Promise.all(acknowledged.map((key) => fetch(`http://127.0.0.1:${http}/v1/kv/${key}`)));
    expect(answers.map(({ status }) => status)).toEqual(acknowledged.map(() => 200));
  });
});

/** Writes large values until the node takes none any more. */
async function writeUntilItEnds(http: number, acknowledged: string[]): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const key = `k${i}`;
    try {
      const { ok } = await fetch(`http://127.0.0.1:${http}/v1/kv/${key}`, { method: "PUT", body: "x".repeat(50_000) });
      if (ok) acknowledged.push(key);
    } catch {
      return;
    }
  }
}
