import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkFile, checkLayers } from "../layers/check.js";

const messages = (packageName: string, path: string, text: string): string[] =>
  checkFile(packageName, path, text).map(({ line, message }) => `${line}: ${message}`);

describe("imports between the rooms of core", () => {
  it.each([
    ["protocol/voting.ts", 'import type { LogId } from "../model/log-id.js";'],
    ["protocol/quorum/joint.ts", 'import { majority } from "./majority.js";'],
    ["protocol/quorum/joint.ts", 'import { LogId } from "../../model/log-id.js";'],
    ["ports/log-storage.ts", 'import type { HardState } from "../protocol/state.js";'],
    ["ports/token.ts", 'import type { ServiceIdentifier } from "inversify";'],
    ["ports/scheduler.ts", 'import { type SchedulerLike } from "rxjs";'],
    ["components/postman.ts", 'import { inject } from "inversify";'],
    ["node/node-events.ts", 'import { Subject } from "rxjs";'],
    ["node/node.ts", 'import type { Observable } from "rxjs";'],
    ["composition/create-node.ts", 'import { RaftNode } from "../node/raft-node.js";'],
    ["index.ts", 'export * from "./composition/create-node.js";'],
  ])("%s may: %s", (path, text) => {
    expect(messages("core", path, text)).toEqual([]);
  });

  it.each([
    ["model/log-id.ts", 'import { step } from "../protocol/raft.js";'],
    ["protocol/voting.ts", 'import type { LogManager } from "../components/log-manager.js";'],
    ["protocol/quorum/joint.ts", 'import { Clock } from "../../ports/clock.js";'],
    ["protocol/raft.ts", 'export { Clock } from "../ports/clock.js";'],
    ["protocol/raft.ts", 'const clock = import("../ports/clock.js");'],
    ["protocol/raft.ts", 'type Clock = import("../ports/clock.js").Clock;'],
    ["protocol/raft.ts", 'import { injectable } from "inversify";'],
    ["protocol/raft.ts", 'import type { Observable } from "rxjs";'],
    ["protocol/raft.ts", 'import { Raft } from "../index.js";'],
    ["ports/log-storage.ts", 'import { step } from "../protocol/raft.js";'],
    ["ports/token.ts", 'import { Container } from "inversify";'],
    ["ports/clock.ts", 'import type { SchedulerLike } from "rxjs";'],
    ["components/postman.ts", 'import { RaftNode } from "../node/raft-node.js";'],
    ["components/postman.ts", 'import { Subject } from "rxjs";'],
    ["node/raft-node.ts", 'import { createNode } from "../composition/create-node.js";'],
    ["node/raft-node.ts", 'import { Subject } from "rxjs/internal/Subject";'],
    ["node/raft-node.ts", 'import { readFileSync } from "node:fs";'],
    ["composition/create-node.ts", 'import { fileStorage } from "@hexraft/storage-file";'],
    ["composition/create-node.ts", 'import { encode } from "msgpackr";'],
    ["index.ts", 'export * from "../../testing/src/index.js";'],
  ])("%s may not: %s", (path, text) => {
    expect(messages("core", path, text)).toHaveLength(1);
  });

  it("says where, what, and what would be allowed", () => {
    const text = '// a head\nimport { LogManager } from "../components/log-manager.js";\n';
    expect(messages("core", "protocol/voting.ts", text)).toEqual([
      "2: protocol may not import components/log-manager.js; protocol may import model",
    ]);
  });
});

describe("purity of protocol and model", () => {
  it.each([
    ["await", "export const f = async () => { await 1; };", 2],
    ["for await", "async function f(xs: AsyncIterable<1>) { for await (const x of xs) x; }", 2],
    ["Promise", "export let p: Promise<void>;", 1],
    ["Date", "export const at = Date.now();", 1],
    ["performance", "export const at = performance.now();", 1],
    ["Math.random", "export const draw = Math.random() * 2;", 1],
    ["Math[…]", 'export const draw = Math["random"]();', 1],
    ["setTimeout", "setTimeout(() => undefined, 1);", 1],
    ["setImmediate", "const f = { g: setImmediate };", 1],
    ["process", "export const pid = process.pid;", 1],
    ["shorthand", "export const f = { process };", 1],
  ])("%s is reported", (_name, text, times) => {
    expect(messages("core", "protocol/raft.ts", text)).toHaveLength(times);
    expect(messages("core", "model/options.ts", text)).toHaveLength(times);
    expect(messages("core", "components/postman.ts", text)).toEqual([]);
  });

  it("members and comments of those names are nobody's business", () => {
    const text = `// a Promise, a Date
      interface Peer { process(): void; Date: number }
      export const f = (peer: Peer): number => Math.max(peer.Date, { performance: 1 }.performance);
      export class Hand { process(): string { return "await"; } }`;
    expect(messages("core", "protocol/raft.ts", text)).toEqual([]);
  });
});

describe("imports between packages", () => {
  it.each([
    ["transport-tcp", "@hexraft/core/ports"],
    ["transport-tcp", "node:net"],
    ["membership", "@hexraft/core/protocol"],
    ["testing", "@hexraft/core/protocol"],
    ["client", "@hexraft/transport-tcp"],
    ["server", "@hexraft/storage-file"],
    ["benchmarks", "@hexraft/testing"],
    ["statemachine-kv", "msgpackr"],
  ])("%s may import %s", (packageName, specifier) => {
    expect(messages(packageName, "a/b.ts", `import { x } from "${specifier}";`)).toEqual([]);
  });

  it.each([
    ["transport-tcp", "@hexraft/storage-file"],
    ["storage-file", "@hexraft/testing"],
    ["storage-file", "@hexraft/core/protocol"],
    ["storage-file", "node:fs"],
    ["storage-file", "msgpackr"],
    ["membership", "@hexraft/testing"],
    ["testing", "@hexraft/membership"],
    ["client", "@hexraft/server"],
    ["client", "@hexraft/storage-file"],
    ["server", "@hexraft/testing"],
    ["server", "@hexraft/benchmarks"],
    ["benchmarks", "@hexraft/server"],
    ["client", "rxjs"],
    ["client", "../../../core/src/index.js"],
  ])("%s may not import %s", (packageName, specifier) => {
    expect(messages(packageName, "a/b.ts", `import type { x } from "${specifier}";`)).toHaveLength(1);
  });
});

describe("a whole tree", () => {
  let root: string;
  const plant = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hexraft-layers-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it("is legal when every file is", () => {
    plant(
      "packages/core/src/protocol/raft.ts",
      'import type { LogId } from "../model/log-id.js";\nexport type A = LogId;\n',
    );
    plant("packages/client/src/index.ts", 'export * from "@hexraft/core";\n');
    expect(checkLayers(root)).toEqual([]);
  });

  it("names file and line of each violation, and packages without a row", () => {
    plant("packages/core/src/protocol/quorum/joint.ts", '\nimport { x } from "../../node/inbox.js";\n');
    plant("packages/stranger/src/index.ts", "export {};\n");
    expect(checkLayers(root).map(({ file, line }) => `${file}:${line}`)).toEqual([
      "packages/core/src/protocol/quorum/joint.ts:2",
      "packages/stranger:1",
    ]);
  });

  it("names a circle of each knot of files, types included, by its shortest way", () => {
    const imports = (...names: string[]) => names.map((name) => `import type { x } from "./${name}.js";\n`).join("");
    const src = "packages/client/src";
    plant(`${src}/a.ts`, imports("b"));
    plant(`${src}/b.ts`, imports("c", "d"));
    plant(`${src}/c.ts`, imports("a", "d"));
    plant(`${src}/d.ts`, "export {};\n");
    plant(`${src}/e.ts`, imports("f"));
    plant(`${src}/f.ts`, imports("e", "a"));
    expect(checkLayers(root).map(({ file, message }) => [file, message.split(":")[0]])).toEqual([
      [`${src}/a.ts`, `imports itself, by way of ${src}/b.ts, ${src}/c.ts`],
      [`${src}/e.ts`, `imports itself, by way of ${src}/f.ts`],
    ]);
  });
});
