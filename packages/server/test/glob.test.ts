import { describe, expect, it } from "vitest";
import { globMatcher } from "../src/resp/glob.js";

const matches = (pattern: string, key: string) =>
  globMatcher(Buffer.from(pattern, "latin1"))(Buffer.from(key, "latin1"));

describe("globMatcher", () => {
  it.each([
    ["*", "", true],
    ["*", "anything", true],
    ["", "", true],
    ["", "a", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["user:*:name", "user:1:2:name", true],
    ["user:*:name", "user:1:names", false],
    ["a**b", "axxb", true],
    ["[abc]x", "bx", true],
    ["[^abc]x", "bx", false],
    ["[^abc]x", "dx", true],
    ["[a-c]", "b", true],
    ["[c-a]", "b", true],
    ["[a\\-c]", "b", false],
    ["[\\]]", "]", true],
    ["[abc", "c", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a\\", "a\\", true],
    ["\xff*", "\xff\x00", true],
  ])("%j on %j is %s", (pattern, key, expected) => expect(matches(pattern, key)).toBe(expected));

  it("takes no longer than pattern × key, whoever wrote the pattern", () => {
    const began = process.cpuUsage();
    expect(matches(`${"*a".repeat(50)}b`, "a".repeat(10_000))).toBe(false);
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000); // ms of its own, whoever else is at work
  });
});
