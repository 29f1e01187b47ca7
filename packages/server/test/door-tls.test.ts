import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { ClusterAdmin, HexraftClient } from "@hexraft/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Access } from "../src/access/access.js";
import { Authority } from "../src/certs/authority.js";
import { HttpDoor, parseDoors } from "../src/operator/http-door.js";
import { whoAsks } from "../src/operator/who-asks.js";
import { DoorTls } from "../src/serve/door-tls.js";
import { Doors, keepingLogger, userOf } from "./support/door-fixture.js";
import { PATIENT } from "./support/patient.js";

const SECRET = "tell-nobody-7f3a";
const root = mkdtempSync(join(tmpdir(), "hexraft-door-tls-"));
const file = (name: string) => join(root, name);
/** The PEM files of a node of this authority. */
const pair = (name: string) => ({ certificateFile: file(`${name}.crt`), keyFile: file(`${name}.key`) });
const ca = (authority = "own") => readFileSync(file(`${authority}/ca.crt`), "utf8");
const caFile = (authority = "own") => file(`${authority}/ca.crt`);

beforeAll(async () => {
  const own = await Authority.openOrFound(file("own"));
  const quarterHourAgo = -1 / 96; // days
  await own.certify("n1", 30, ["localhost", "127.0.0.1"]);
  await own.certify("renewed", 30, ["localhost"]);
  await own.certify("late", quarterHourAgo, ["localhost"]);
  await (await Authority.openOrFound(file("foreign"))).certify("n1", 30, ["localhost"]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let closing: (() => unknown)[] = [];
afterEach(async () => {
  const steps = closing.toReversed();
  closing = [];
  for (const step of steps) await step();
});

const users = () => new Access(new Map([["default", userOf("admin", SECRET)]]), "none");

/** Doors behind the certificate of that name. */
function doorsOf(name = "own/n1", access = Access.open, bounds = {}) {
  const logger = keepingLogger();
  const tls = new DoorTls(pair(name), logger);
  const doors = new Doors(access, tls, bounds);
  closing.push(() => doors.stop());
  return { doors, tls, logger };
}

/** A TLS connection that is up; rejects with what was wrong. */
async function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: ca(), ...options });
  closing.push(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));

function get(port: number, options: object = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const place = { host: "localhost", port, path: "/healthz", family: 4, agent: false, ca: ca() };
    const asked = request({ ...place, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", reject);
    asked.end();
  });
}

function client(
  port: number,
  options: { tls?: { caFile: string }; deadlineMs?: number } = { tls: { caFile: caFile() } },
): HexraftClient {
  const endpoints = [{ host: "127.0.0.1", port }];
  const made = new HexraftClient({ endpoints, credentials: { password: SECRET }, ...PATIENT, ...options });
  closing.push(() => made.close());
  return made;
}

/** Why it is not let in; asked again where it got no answer within its time. */
const reasonOf = (port: number, tls: { tls?: { caFile: string } } = { tls: { caFile: caFile() } }) => {
  const made = client(port, { ...tls, deadlineMs: 1_000 });
  return expect.poll(() => made.get("k").catch((error: Error) => error.message));
};

describe("doors that speak TLS", () => {
  it("T03 HTTP, the Redis protocol and HexraftClient pass through it, and so does a ClusterAdmin", async () => {
    const { doors } = doorsOf("own/n1", users());
    expect(await get(await doors.http())).toBe(200);
    const redis = await dial(await doors.resp());
    redis.write(`AUTH ${SECRET}\r\nSET k v\r\nGET k\r\n`);
    let heard = "";
    redis.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    await expect.poll(() => heard).toBe("+OK\r\n+OK\r\n$1\r\nv\r\n");
    const port = await doors.client();
    await expect(client(port).put("k", "v")).resolves.toBe(true);
    const admin = new ClusterAdmin({
      endpoints: [{ host: "127.0.0.1", port }],
      credentials: { password: SECRET },
      tls: { caFile: caFile() },
    });
    closing.push(() => admin.close());
    expect(await admin.getPeers()).toMatchObject({ outcome: "ok" });
  });

  it("T03 a certificate of another authority, one that has run out, and TLS 1.1 are refused by whoever dials", async () => {
    const { doors } = doorsOf("foreign/n1");
    const [http, resp, door] = [await doors.http(), await doors.resp(), await doors.client()];
    await expect(get(http)).rejects.toThrow(/unable to verify the first certificate/);
    await expect(dial(resp)).rejects.toThrow(/unable to verify the first certificate/);
    await reasonOf(door).toMatch(/unable to verify the first certificate/);
    const late = doorsOf("own/late").doors;
    await expect(get(await late.http())).rejects.toMatchObject({ code: "CERT_HAS_EXPIRED" });
    await reasonOf(await late.client()).toMatch(/certificate has expired/);
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const { doors: own } = doorsOf();
    await expect(dial(await own.resp(), old)).rejects.toThrow(/alert protocol version/);
  });

  it("T03 a host name in a certificate counts only if it was dialled; a certificate of a node counts at any address", async () => {
    const { doors } = doorsOf();
    await expect(get(await doors.http(), { servername: "elsewhere.example" })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    // It names 127.0.0.1 too; "renewed" does not.
    const renewed = doorsOf("own/renewed").doors;
    await expect(client(await renewed.client()).get("k")).resolves.toBe(null);
  });

  it("T03 a client says no password to whom it does not believe", async () => {
    let heard = 0;
    const { certificateFile, keyFile } = pair("foreign/n1");
    const trap = createTlsServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, (socket) => {
      socket.on("data", (chunk) => (heard += chunk.length)).on("error", () => {});
    });
    trap.on("tlsClientError", () => {});
    trap.listen(0, "127.0.0.1");
    await once(trap, "listening");
    closing.push(() => trap.close());
    const { port } = trap.address() as { port: number };
    await reasonOf(port).toMatch(/unable to verify the first certificate/);
    expect(heard).toBe(0);
  });

  it("T03 plain words at a TLS port end that connection and nothing else, and TLS at a plain port fails", async () => {
    const { doors } = doorsOf();
    for (const port of [await doors.http(), await doors.resp(), await doors.client()]) {
      const plain = connectPlain({ port, host: "127.0.0.1" });
      const gone = closed(plain);
      plain.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      await gone;
      (await dial(port)).end();
    }
    const brief = { deadlineMs: 1_500 };
    await expect(client(await doors.client(), brief).get("k")).rejects.toMatchObject({ code: "DeadlineExceeded" });
    const open = new Doors();
    closing.push(() => open.stop());
    await expect(get(await open.http())).rejects.toMatchObject({ code: "EPROTO" });
    const encrypted = client(await open.client(), { tls: { caFile: caFile() }, ...brief });
    await expect(encrypted.get("k")).rejects.toMatchObject({ code: "DeadlineExceeded" });
  });

  it("T07 who begins no handshake is hung up on, and connections are counted before it", async () => {
    const { doors } = doorsOf("own/n1", Access.open, { greetingTimeoutMs: 300, connectionsMax: 1 });
    const dialled = (port: number) =>
      dial(port).then(
        (socket) => {
          socket.destroy();
          return "in";
        },
        ({ code }: NodeJS.ErrnoException) => code,
      );
    for (const port of [await doors.http(), await doors.resp(), await doors.client()]) {
      // Once more where the machine stood still meanwhile, and nobody was there any more when the second one came.
      const besideASilentOne = async () => {
        const silent = connectPlain({ port, host: "127.0.0.1" });
        const gone = closed(silent);
        await once(silent, "connect");
        const outcome = await dialled(port);
        await gone;
        return outcome;
      };
      await expect.poll(besideASilentOne).toBe("ECONNRESET");
      await expect.poll(() => dialled(port)).toBe("in");
    }
  });

  it("O04 a door closes also on those that are amid a handshake", async () => {
    const { doors } = doorsOf();
    const sockets = [await doors.http(), await doors.resp(), await doors.client()].map((port) =>
      connectPlain({ port, host: "127.0.0.1" }),
    );
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const gone = sockets.map(closed);
    await doors.stop();
    await Promise.all(gone);
  });

  it("T03 renewed files count for new connections, old ones go on, and files that do not fit change nothing", async () => {
    for (const part of ["crt", "key"]) copyFileSync(file(`own/n1.${part}`), file(`live.${part}`));
    const { doors, tls, logger } = doorsOf("live");
    const ports = [await doors.http(), await doors.resp(), await doors.client()];
    const names = async () => {
      const sockets = await Promise.all(ports.map((port) => dial(port)));
      return sockets.map((socket) => (socket.getPeerCertificate().subject as { CN: string }).CN);
    };
    expect(await names()).toEqual(["n1", "n1", "n1"]);
    const old = await dial(ports[1] as number);
    copyFileSync(file("own/renewed.crt"), file("live.crt"));
    await tls.renew();
    expect(await names()).toEqual(["n1", "n1", "n1"]);
    expect(logger.lines.at(-1)).toMatch(/^warn: kept the doors' certificate.*doorTls.keyFile/);
    copyFileSync(file("own/renewed.key"), file("live.key"));
    await tls.renew();
    expect(await names()).toEqual(["renewed", "renewed", "renewed"]);
    expect(logger.lines.at(-1)).toMatch(/^info: took a new certificate/);
    old.write("PING\r\n");
    expect(String((await once(old, "data"))[0])).toBe("+PONG\r\n");
    await tls.renew();
    expect(logger.lines).toHaveLength(2);
  });

  it("O05 a client's authority that is no file, or no certificate, is refused by name", () => {
    for (const wrong of [file("nowhere"), file("own/n1.key")])
      expect(() => client(1, { tls: { caFile: wrong } })).toThrow(/option tls.caFile/);
    expect(() => client(1, { tls: { caFile: "" } })).toThrow(/option tls/);
  });
});

describe("T03 operators' commands that ask over HTTP take --ca", () => {
  const from = (list: string, authority: string) => {
    const who = whoAsks({ ca: authority });
    return parseDoors(list, who).map((url) => new HttpDoor(url, who));
  };

  it("T03 and speak TLS alone then, with whom that authority vouches for", async () => {
    const { doors } = doorsOf();
    const port = await doors.http();
    const [door] = from(`localhost:${port}`, caFile());
    expect(door?.url.href).toBe(`https://localhost:${port}/`);
    expect(await door?.json("/v1/explain")).toMatchObject({ nodeId: "n1" });
    const [stranger] = from(`localhost:${port}`, caFile("foreign"));
    await expect(stranger?.json("/v1/explain")).rejects.toMatchObject({ code: "ConnectionLost", outcome: "refused" });
  });

  it("T03 O05 and refuse a door without TLS, and a file without a certificate", () => {
    expect(() => from("http://localhost:8001", caFile())).toThrow("must be https://");
    expect(() => from("localhost:8001", file("own/n1.key"))).toThrow("must hold PEM certificates");
    expect(() => from("localhost:8001", file("none"))).toThrow("--ca");
  });
});
