import { expect, it } from "vitest";
import { readExample } from "../pack/example.js";

const block = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\`\n`;

it("README's example is the first ts block after its mark", () => {
  const readme = `${block("ts", "first();")}<!-- example: compose -->\n\n${block("sh", "npx")}${block("ts", "second();")}`;
  expect(readExample(readme)).toBe("second();\n");
});

it("a README without mark or block is told what to do", () => {
  expect(() => readExample(block("ts", "first();"))).toThrow("put it above the example");
  expect(() => readExample("<!-- example: compose -->")).toThrow("no ```ts block");
});
