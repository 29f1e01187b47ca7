import { describe, expect, it } from "vitest";
import {
  type Configuration,
  MEMBERS_MAX,
  type Member,
  NO_CONFIGURATION,
  votersOnly,
} from "../../src/model/configuration.js";
import {
  decodeConfiguration,
  decodeConfigurationEntry,
  encodeConfiguration,
  encodeConfigurationEntry,
} from "../../src/model/configuration-layout.js";

const member = (n: number, priority = 1): Member => ({
  id: `n${n}`,
  incarnation: `00000000000000${n.toString(16).padStart(2, "0")}`,
  address: `127.0.0.1:${7000 + n}`,
  priority,
});
const three = votersOnly([member(1), member(2), member(3)]);
const joint: Configuration = {
  members: [member(1), member(2, 0), member(3, 255), member(4), member(5)],
  voters: ["n1", "n4"],
  votersOld: ["n1", "n2", "n3"],
  learners: ["n5"],
  learnersNext: ["n2"],
  witnesses: ["n4"],
};
const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const patched = (bytes: Uint8Array, at: number, value: number) => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};
const code = (fault: () => unknown): unknown => {
  try {
    fault();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing was thrown";
};
const many = (count: number) =>
  votersOnly(Array.from({ length: count }, (_, n) => ({ ...member(1), id: `n${n}`, address: "a".repeat(255) })));

describe("bytes of a configuration", () => {
  it("M13 format 1 is fixed: id, incarnation, address, priority and part of each member", () => {
    expect(toHex(encodeConfiguration(votersOnly([{ ...member(1), incarnation: "0123456789abcdef" }])))).toBe(
      ["01000100", "01", "01", "0123456789abcdef", "026e31", "0e3132372e302e302e313a37303031"].join(""),
    );
    expect(
      toHex(encodeConfigurationEntry({ id: { index: 2 ** 40 + 7, term: 3 }, configuration: votersOnly([member(1)]) })),
    ).toBe(
      [
        "0700000000010000",
        "0300000000000000",
        "01000100",
        "01010000000000000001026e310e3132372e302e302e313a37303031",
      ].join(""),
    );
  });

  it("M10 every part that a member can have comes back, joint or not", () => {
    for (const configuration of [three, joint]) {
      expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
      const entry = { id: { index: 9, term: 4 }, configuration };
      expect(decodeConfigurationEntry(encodeConfigurationEntry(entry))).toEqual(entry);
    }
  });

  it("M10 a snapshot may say that no configuration has come yet, a log entry may not", () => {
    const none = { id: { index: 0, term: 0 }, configuration: NO_CONFIGURATION };
    expect(decodeConfigurationEntry(encodeConfigurationEntry(none))).toEqual(none);
    expect(code(() => encodeConfiguration(NO_CONFIGURATION))).toBe("ChangeRefused");
    expect(code(() => decodeConfiguration(Uint8Array.of(1, 0, 0, 0)))).toBe("Damaged");
    expect(code(() => encodeConfigurationEntry({ ...none, id: { index: 1, term: 1 } }))).toBe("ChangeRefused");
  });

  it("M08 the largest configuration fits, and one member more is refused", () => {
    expect(decodeConfiguration(encodeConfiguration(many(MEMBERS_MAX)))).toEqual(many(MEMBERS_MAX));
    expect(code(() => encodeConfiguration(many(MEMBERS_MAX + 1)))).toBe("ChangeRefused");
    expect(code(() => encodeConfiguration(many(10_000)))).toBe("ChangeRefused");
  });

  it("M08 a member with an impossible id, incarnation, address or priority is refused", () => {
    const wrong: Partial<Member>[] = [
      { id: "" },
      { id: "a/b" },
      { id: "x".repeat(65) },
      { incarnation: "0123" },
      { incarnation: "0123456789ABCDEF" },
      { address: "" },
      { address: "a".repeat(256) },
      { address: "exämple:1" },
      { address: "a b" },
      { priority: -1 },
      { priority: 256 },
      { priority: 0.5 },
    ];
    for (const part of wrong)
      expect([JSON.stringify(part), code(() => encodeConfiguration(votersOnly([{ ...member(1), ...part }])))]).toEqual([
        JSON.stringify(part),
        "ChangeRefused",
      ]);
  });

  it("L10 another version is refused, not guessed", () => {
    expect(code(() => decodeConfiguration(patched(encodeConfiguration(three), 0, 2)))).toBe("FormatUnknown");
  });

  it("L10 cut anywhere, with a tail, or with an impossible field it is damage", () => {
    const bytes = encodeConfiguration(joint);
    for (let length = 0; length < bytes.length; length++)
      expect([`cut at ${length}`, code(() => decodeConfiguration(bytes.subarray(0, length)))]).toEqual([
        `cut at ${length}`,
        "Damaged",
      ]);
    expect(code(() => decodeConfiguration(Uint8Array.of(...bytes, 0)))).toBe("Damaged");
    const one = encodeConfiguration(votersOnly([member(1)]));
    const table: [what: string, at: number, value: number][] = [
      ["reserved byte", 1, 1],
      ["65,281 members", 3, 0xff],
      ["no member", 2, 0],
      ["unknown part", 4, 0x21],
      ["no part at all", 4, 0],
      ["witness that does not vote", 4, 0b10100],
      ["voter and learner", 4, 0b00101],
      ["empty id", 14, 0],
      ["endless id", 14, 255],
      ["id with a slash", 15, 0x2f],
      ["empty address", 17, 0],
      ["control character in the address", 18, 7],
    ];
    for (const [what, at, value] of table)
      expect([what, code(() => decodeConfiguration(patched(one, at, value)))]).toEqual([what, "Damaged"]);
    const doubled = patched(encodeConfiguration(votersOnly([member(1), member(2)])), 44, 0x31);
    expect(code(() => decodeConfiguration(doubled))).toBe("Damaged");
  });

  it("L10 an entry with an impossible place is damage", () => {
    const bytes = encodeConfigurationEntry({ id: { index: 1, term: 1 }, configuration: three });
    expect(code(() => decodeConfigurationEntry(patched(bytes, 7, 0xff)))).toBe("Damaged");
    expect(code(() => decodeConfigurationEntry(patched(bytes, 14, 0x10)))).toBe("Damaged");
    expect(code(() => decodeConfigurationEntry(bytes.subarray(0, 15)))).toBe("Damaged");
  });
});
