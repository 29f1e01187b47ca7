import { describe, expect, it } from "vitest";
import { describeText } from "../../src/node/describe-text.js";
import { loneNode } from "./support/lone-node.js";

describe("a description as text", () => {
  it("F05 O01 says that a newer format is known here, as long as it is not open", async () => {
    const { node, lead } = await loneNode();
    await lead();
    const alone = node.describe();
    await node.stop();
    expect(describeText(alone)).not.toContain("format");
    expect(describeText({ ...alone, formatVersion: 3, openFormat: 2 })).toMatch(
      /format 3 is known here, 2 is open: not every member/,
    );
  });

  it("O01 tells every peer's progress and a change under way", async () => {
    const { node, lead } = await loneNode();
    await lead();
    const alone = node.describe();
    await node.stop();
    const { configuration } = alone.configuration;
    const text = describeText({
      ...alone,
      configuration: {
        ...alone.configuration,
        configuration: { ...configuration, votersOld: ["n1", "n2"], learners: ["n3"] },
      },
      peers: [
        {
          id: "n2",
          state: "replicate",
          match: 7,
          next: 9,
          messagesInFlight: 1,
          bytesInFlight: 80,
          silentMs: 12.4,
          hasLostData: false,
          isRelearning: false,
        },
        {
          id: "n3",
          state: "snapshot",
          match: 0,
          next: 1,
          messagesInFlight: 0,
          bytesInFlight: 0,
          silentMs: 300,
          hasLostData: false,
          isRelearning: false,
        },
      ],
    });
    expect(text).toContain("peer n2: replicate, match 7, next 9, in flight 1, silent for 12 ms");
    expect(text).toContain("peer n3: snapshot, match 0, next 1, in flight 0, silent for 300 ms");
    expect(text).toContain("voters n1, before: n1, n2, learners n3");
  });
});
