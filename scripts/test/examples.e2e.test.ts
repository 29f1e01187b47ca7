import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/root.js";

const examples = readdirSync(join(root, "examples"));

describe("examples", () => {
  it.each(examples)("%s runs to its end", (name) => {
    // Compiled, as in the project of whoever copies it.
    const main = join(root, "examples", name, "dist", "main.js");
    const printed = execFileSync(process.execPath, [main], { encoding: "utf8", timeout: 90_000 });
    expect(printed).not.toBe("");
  });

  it("README shows examples/compose word for word", () => {
    const code = readFileSync(join(root, "examples", "compose", "src", "main.ts"), "utf8");
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain(
      `<!-- example: compose -->\n\`\`\`ts\n${code}\`\`\``,
    );
  });

  it.each([
    ["write-your-own-adapter.md", "examples/conformance-node-test/src/tiny-log-storage.ts"],
    ["write-your-own-adapter.md", "examples/conformance-node-test/src/main.ts"],
    ["your-own-service.md", "examples/typed-client/src/ledger-codec.ts"],
    ["upgrade.md", "examples/upgrade/src/votes.ts"],
  ])("the guide %s shows %s word for word", (name, path) => {
    const guide = readFileSync(join(root, "docs", "guides", name), "utf8");
    expect(guide).toContain(`<!-- file: ${path} -->\n\`\`\`ts\n${readFileSync(join(root, path), "utf8")}\`\`\``);
  });
});
