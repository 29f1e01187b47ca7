import { describe, expect, it } from "vitest";
import type { ChaosVerdict } from "../src/index.js";
import { hostTool } from "../src/network/host-tool.js";
import { roomRefusal } from "../src/network/room.js";
import { chaos, interruptInTheMiddle, leavings } from "./support/run-chaos.js";

/** Named namespaces and links of this machine, as everybody sees them. */
const seenOutside = (): Promise<readonly string[]> =>
  Promise.all([hostTool(["ip", "netns"]), hostTool(["ip", "-o", "link"])]);

const refusal = await roomRefusal();

describe("pnpm chaos --network namespaces", () => {
  it("is refused with the reason where the machine does not allow it", async () => {
    const { code, error, out } = await chaos(["--network", "namespaces"], undefined, { PATH: "" });
    expect([code, out]).toEqual([2, ""]);
    expect(error).toMatch(/wants Linux, unshare, ip and tc.*This machine says: .*unshare.*the proxy runs everywhere/);
  });

  if (refusal !== undefined) {
    console.warn(`no network namespaces here, so faults of a real network are not tried: ${refusal}`);
    return;
  }
  it("I15 I16 C02 some ten seconds of a real network's faults lose nothing, are explained, and leave nothing behind", async () => {
    const before = await seenOutside();
    const { out, error } = await chaos(["--network", "namespaces", "--minutes", "0.2", "--json"]);
    if (error !== "") console.warn(error.trimEnd());
    const verdict = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as ChaosVerdict;
    expect(verdict).toMatchObject({ lost: 0, linearizable: true, undecided: 0 });
    expect(verdict.faults).toBeGreaterThanOrEqual(3);
    expect(verdict.operations).toBeGreaterThan(200);
    expect([await seenOutside(), leavings()]).toEqual([before, []]);
  });

  it("leaves neither namespace nor link, process or file behind when it is interrupted in the middle", async () => {
    const before = await seenOutside();
    const { code, error } = await chaos(["--network", "namespaces", "--minutes", "5"], interruptInTheMiddle);
    expect(error).toContain("ended by SIGINT");
    expect(code).toBe(1);
    expect([await seenOutside(), leavings()]).toEqual([before, []]);
  });
});
