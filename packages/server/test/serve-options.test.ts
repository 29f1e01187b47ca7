import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RaftError } from "@hexraft/core/ports";
import { DEFAULT_SESSION_OPTIONS } from "@hexraft/sessions";
import { afterAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../src/exit-codes.js";
import { makeLogger } from "../src/log/log.js";
import { formatAddress, parseAddress } from "../src/serve/address.js";
import { DEFAULT_DOOR_BOUNDS } from "../src/serve/door-bounds.js";
import { type RawServeOptions, readConfigFile, resolveServeOptions } from "../src/serve/serve-options.js";

const directory = mkdtempSync(join(tmpdir(), "hexraft-options-"));
afterAll(() => rmSync(directory, { recursive: true }));

const GOOD = { nodeId: "n1", dataDirectory: "/data", listen: "7001" };

describe("resolveServeOptions", () => {
  it("fills in what is not said; a flag wins over the file", () => {
    const options = resolveServeOptions(
      { nodeId: "n2", http: undefined, raft: { electionTimeoutMs: 150 }, tls: { keyFile: "/other.key" } },
      {
        ...GOOD,
        http: "0.0.0.0:80",
        tls: { caFile: "/ca", keyFile: "/key" },
        bootstrap: { n2: "b:2", n1: "a:1" },
        raft: { electionTimeoutMs: 900, preVote: false },
      },
    );
    expect(options).toEqual({
      nodeId: "n2",
      groupId: "main",
      ranges: [],
      dataDirectory: "/data",
      listen: { host: "127.0.0.1", port: 7001 },
      tls: { caFile: "/ca", keyFile: "/other.key" },
      plaintext: false,
      openDoors: false,
      plaintextDoors: false,
      renewIntervalMs: 10_000,
      doors: DEFAULT_DOOR_BOUNDS,
      sessions: DEFAULT_SESSION_OPTIONS,
      http: { host: "0.0.0.0", port: 80 },
      bootstrap: [
        { id: "n2", address: "b:2" },
        { id: "n1", address: "a:1" },
      ],
      requestTimeoutMs: 5_000,
      log: "text",
      raft: { electionTimeoutMs: 150, preVote: false },
    });
  });

  it("G01 keys are split where the flag says it, or the list in the file", () => {
    const groupsOf = (flags: RawServeOptions, file: RawServeOptions) =>
      resolveServeOptions({ ...GOOD, ...flags }, file).ranges.map(({ group }) => group);
    expect(groupsOf({ splitAt: "g,n" }, {})).toEqual(["..g", "g..n", "n.."]);
    expect(groupsOf({}, { splitAt: ["users,1", "z"] })).toEqual(["..users.2c1", "users.2c1..z", "z.."]);
  });

  it.each([
    [{ nodeId: "" }, "nodeId"],
    [{ nodeId: "n 1" }, "nodeId"],
    [{ doorTls: { certificateFile: "/c" } }, "doorTls.keyFile"],
    [{ doorTls: { certificateFile: "", keyFile: "/k" } }, "doorTls.certificateFile"],
    [{ plaintextDoors: 1 }, "plaintextDoors"],
    [{ plaintextDoors: true, doorTls: { certificateFile: "/c", keyFile: "/k" } }, "plaintextDoors"],
    [{ renewIntervalMs: 9 }, "renewIntervalMs"],
    [{ groupId: "ä" }, "groupId"],
    [{ splitAt: 5 }, "splitAt"],
    [{ splitAt: ["g", 5] }, "splitAt"],
    [{ splitAt: "n,g" }, "splitAt"],
    [{ splitAt: "" }, "splitAt"],
    [{ splitAt: "g", groupId: "main" }, "groupId"],
    [{ dataDirectory: 5 }, "dataDirectory"],
    [{ listen: "host" }, "listen"],
    [{ listen: "host:99999" }, "listen"],
    [{ listen: "host:-1" }, "listen"],
    [{ listen: null }, "listen"],
    [{ advertise: "host" }, "advertise"],
    [{ http: "a:b" }, "http"],
    [{ resp: true }, "resp"],
    [{ client: "1.2.3.4:5:6" }, "client"],
    [{ log: "xml" }, "log"],
    [{ requestTimeoutMs: "5" }, "requestTimeoutMs"],
    [{ requestTimeoutMs: 0 }, "requestTimeoutMs"],
    [{ tls: "on" }, "tls"],
    [{ plaintext: "no" }, "plaintext"],
    [{ raft: 5 }, "raft"],
    [{ raft: { electionTimeout: 5 } }, "raft.electionTimeout"],
    [{ bootstrap: "n1" }, "bootstrap"],
    [{ bootstrap: "n1=host" }, "bootstrap"],
    [{ bootstrap: "n1=host:0" }, "bootstrap"],
    [{ bootstrap: "n1=a:1,n1=b:2" }, "bootstrap"],
    [{ bootstrap: "n2=a:1" }, "bootstrap"],
    [{ bootstrap: [] }, "bootstrap"],
    [{ datadirectory: "/x" }, "datadirectory"],
  ])("O05 refuses %j, naming %s, its value and the rule", (wrong, field) => {
    let thrown: unknown;
    try {
      resolveServeOptions({}, { ...GOOD, ...wrong });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RaftError);
    expect(thrown).toMatchObject({
      code: "BadOption",
      outcome: "refused",
      details: { field, rule: expect.any(String) },
    });
    expect((thrown as Error).message).toContain(field);
    expect(exitCodeOf(thrown)).toBe(2);
  });
});

describe("readConfigFile", () => {
  it("O05 names the file that cannot be read, or is not one JSON object", () => {
    const path = join(directory, "config.json");
    expect(() => readConfigFile(path)).toThrow(/config is .* must be a file that can be read/);
    for (const text of ["", "[]", "null", "{"]) {
      writeFileSync(path, text);
      expect(() => readConfigFile(path), "refused").toThrow(expect.objectContaining({ code: "BadOption" }));
    }
    writeFileSync(path, JSON.stringify(GOOD));
    expect(readConfigFile(path)).toEqual(GOOD);
  });
});

describe("addresses", () => {
  it.each([
    ["7001", "127.0.0.1:7001"],
    ["localhost:1", "localhost:1"],
    ["[::1]:5", "[::1]:5"],
    [9, "127.0.0.1:9"],
  ])("%s is %s", (given, formatted) => expect(formatAddress(parseAddress("x", given))).toBe(formatted));
});

describe("exit codes", () => {
  it.each([
    ["AddressInUse", 3],
    ["DirectoryLocked", 4],
    ["IdentityMismatch", 5],
    ["FormatUnknown", 6],
    ["Damaged", 6],
    ["StorageFailed", 7],
    ["NotLeader", 1],
  ] as const)("%s is %d", (code, exitCode) => expect(exitCodeOf(new RaftError(code, "refused", ""))).toBe(exitCode));
});

describe("logs", () => {
  const written = (format: "text" | "json" | "silent"): string => {
    let out = "";
    const logger = makeLogger(format, "n1", { write: (line: string) => (out += line) });
    logger.info("leads", { term: 3, leader: "n1" });
    logger.warn("slow");
    logger.error("down");
    return out;
  };

  it("text is a line for a person", () => {
    expect(written("text")).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}n1 {2}leads {2}term=3 leader=n1\n.* warn .*\n.* error .*\n$/,
    );
  });

  it("json is a line for a program", () => {
    const lines = written("json").trimEnd().split("\n");
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 30,
      node: "n1",
      msg: "leads",
      term: 3,
      leader: "n1",
    });
    expect(lines.length).toBe(3);
  });

  it("silent is silent", () => expect(written("silent")).toBe(""));
});
