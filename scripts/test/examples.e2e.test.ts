import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/root.js";

const examples = readdirSync(join(root, "examples"));

describe("examples", () => {
  it.each(examples)("%s runs to its end", (name) => {
    const main = join(root, "examples", name, "src", "main.ts");
    const flags = ["--tsconfig", join(root, "tsconfig.base.json"), "--conditions=@hexraft/source"];
    const printed = execFileSync(join(root, "node_modules", ".bin", "tsx"), [...flags, main], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(printed).not.toBe("");
  });

  it("README shows examples/compose word for word", () => {
    const code = readFileSync(join(root, "examples", "compose", "src", "main.ts"), "utf8");
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain(
      `<!-- example: compose -->\n\`\`\`ts\n${code}\`\`\``,
    );
  });

  it.each(["tiny-log-storage.ts", "main.ts"])("the guide to adapters shows %s word for word", (file) => {
    const path = `examples/conformance-node-test/src/${file}`;
    const guide = readFileSync(join(root, "docs", "guides", "write-your-own-adapter.md"), "utf8");
    expect(guide).toContain(`<!-- file: ${path} -->\n\`\`\`ts\n${readFileSync(join(root, path), "utf8")}\`\`\``);
  });
});
