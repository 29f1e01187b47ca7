import { parseSync } from "vite";

/** One `import`, `export … from`, `import()` or `import("…")` type of a file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** True if the import leaves no trace at run time. */
  readonly typeOnly: boolean;
}

/** One use of a name, or of a piece of syntax, that a pure room may not contain. */
export interface Use {
  readonly name: string;
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

/** Reads what a TypeScript file imports and which of `names` it uses as a global, a type or syntax. */
export function readSource(file: string, text: string): { imports: Import[]; uses: Use[] } {
  const { program, errors } = parseSync(file, text, { lang: file.endsWith(".tsx") ? "tsx" : "ts" });
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const lineAt = lineCounter(text);
  const imports: Import[] = [];
  const uses: Use[] = [];

  const visit = (node: Node, parent: Node | undefined, key: string): void => {
    const line = lineAt(node.start);
    const source = importedModule(node);
    if (source !== undefined) imports.push({ specifier: source, line, typeOnly: isTypeOnly(node) });
    if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node["await"] === true)) {
      uses.push({ name: "await", line });
    }
    if (isFunction(node) && node["async"] === true) uses.push({ name: "async", line });
    if (isMathRandom(node)) uses.push({ name: "Math.random", line });
    if (node.type === "Identifier" && !isMereLabel(node, parent, key)) uses.push({ name: String(node["name"]), line });
    for (const [childKey, child] of Object.entries(node)) {
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each, node, childKey);
    }
  };
  visit(program as unknown as Node, undefined, "");
  return { imports, uses };
}

function importedModule(node: Node): string | undefined {
  const literal =
    node.type === "ImportDeclaration" ||
    node.type === "ExportAllDeclaration" ||
    node.type === "ExportNamedDeclaration" ||
    node.type === "ImportExpression" ||
    node.type === "TSImportType"
      ? node["source"]
      : undefined;
  return isNode(literal) && typeof literal["value"] === "string" ? literal["value"] : undefined;
}

function isTypeOnly(node: Node): boolean {
  if (node.type === "TSImportType") return true;
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  const specifiers = node["specifiers"];
  if (!Array.isArray(specifiers) || specifiers.length === 0) return false;
  return specifiers.every((each: Node) => each["importKind"] === "type" || each["exportKind"] === "type");
}

const isFunction = (node: Node): boolean =>
  node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";

function isMathRandom(node: Node): boolean {
  const { object, property } = node as { object?: unknown; property?: unknown };
  return (
    node.type === "MemberExpression" &&
    isNode(object) &&
    object["name"] === "Math" &&
    isNode(property) &&
    (property["name"] === "random" || property["value"] === "random")
  );
}

/** A name after a dot, or before a colon, is somebody's member and not the global of that name. */
function isMereLabel(node: Node, parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return key === "property" && parent["computed"] !== true;
  if (parent.type === "TSQualifiedName") return key === "right";
  if (parent.type === "Property" && parent["shorthand"] === true) return key === "key";
  return (
    (key === "key" || key === "label" || key === "id") && parent["computed"] !== true && node.type === "Identifier"
  );
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
