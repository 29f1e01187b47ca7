import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { RefusalLog } from "../src/refusal-log.js";
import { FrameType } from "../src/wire/frame.js";
import { helloToArray } from "../src/wire/handshake.js";
import { member } from "./support/member.js";
import { keepingLogger } from "./support/ports.js";
import { helloTo, RawPeer } from "./support/raw-peer.js";

describe("warnings about refused connections", () => {
  it("T07 the first ones are told with their reason, the rest of a window as a number for each code", () => {
    const logger = keepingLogger();
    const log = new RefusalLog(logger);
    for (let i = 0; i < 5_000; i++) log.tell("refused a connection", i % 2 === 0 ? "BadFrame" : "Version", { i });
    expect(logger.lines.map(({ facts }) => facts["i"])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    log.turn(performance.now() + 10_000);
    expect(logger.lines.slice(10)).toMatchObject([
      { message: "more connections were refused", facts: { BadFrame: 2_495, Version: 2_495 } },
    ]);
    log.turn(performance.now() + 30_000);
    expect(logger.lines.length).toBe(11);
  });

  it("T07 codes that the other side makes up are counted together", () => {
    const logger = keepingLogger();
    const log = new RefusalLog(logger);
    for (let i = 0; i < 1_000; i++) log.tell("the other side refused", `Code${i}`, {});
    log.turn(performance.now() + 10_000);
    const counted = logger.lines.at(-1)?.facts ?? {};
    expect([Object.keys(counted).length, counted["other"]]).toEqual([11, 980]);
  });

  it("T07 who knocks two hundred times with a wrong cluster fills no log", async () => {
    const n1 = await member("n1", { handshakesMax: 1_000 });
    const knock = async () => {
      const peer = await RawPeer.dial(n1);
      peer.say(FrameType.hello, helloToArray(helloTo("n1", "n2", { clusterId: "d".repeat(32) })));
      await peer.closed();
    };
    // Many at once, so that all come within one window on a slow machine, too.
    for (let wave = 0; wave < 4; wave++) await Promise.all(Array.from({ length: 50 }, knock));
    expect([n1.log.lines.length, n1.facts["refused"]]).toEqual([10, 200]);
  });
});
