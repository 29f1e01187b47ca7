import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { circlesIn } from "./circles.js";
import { type Import, readSource } from "./imports.js";
import { homes, hostFree, impureNames, packages, pureRooms, rooms } from "./table.js";

/** One breach of the import table, told so that its author knows what to change. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Checks every source file under `root/packages/<name>/src`. */
export function checkLayers(root: string): Violation[] {
  const violations: Violation[] = [];
  const arrows = new Map<string, string[]>();
  for (const name of readdirSync(join(root, "packages"))) {
    if (packages[name] === undefined) {
      const file = `packages/${name}`;
      violations.push({ file, line: 1, message: `${name} has no row in scripts/layers/table.ts` });
      continue;
    }
    const src = join(root, "packages", name, "src");
    for (const file of sourceFiles(src)) {
      const path = relative(src, file).split(sep).join("/");
      const shown = relative(root, file).split(sep).join("/");
      const source = readSource(path, readFileSync(file, "utf8"));
      for (const found of judgeSource(name, path, source)) violations.push({ file: shown, ...found });
      arrows.set(shown, neighbours(shown, source.imports));
    }
  }
  for (const circle of circlesIn(arrows)) violations.push(circular(circle));
  return violations;
}

/** Checks one file, named by its package and its path below `src`. */
export const checkFile = (packageName: string, path: string, text: string): Array<Omit<Violation, "file">> =>
  judgeSource(packageName, path, readSource(path, text));

type Source = ReturnType<typeof readSource>;

function judgeSource(packageName: string, path: string, { imports, uses }: Source): Array<Omit<Violation, "file">> {
  const found: Array<Omit<Violation, "file">> = [];
  for (const { specifier, line, typeOnly } of imports) {
    const message = specifier.startsWith(".")
      ? judgeRelative(packageName, path, specifier, typeOnly)
      : (judgePackage(packageName, specifier) ?? judgeRoomPackage(packageName, path, specifier, typeOnly));
    if (message !== undefined) found.push({ line, message });
  }
  const room = roomOf(path);
  if (packageName === "core" && pureRooms.includes(room)) {
    for (const { name, line } of uses) {
      const instead = name === "await" || name === "async" ? impureNames["Promise"] : impureWay(name);
      if (instead !== undefined) found.push({ line, message: `${room} is pure and may not use ${name}: ${instead}` });
    }
  }
  return found;
}

/** The files of its own package that a file imports. */
const neighbours = (file: string, imports: readonly Import[]): string[] =>
  imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(dirname(file), specifier).replace(/\.js$/, ".ts"));

const circular = (circle: readonly string[]): Violation => ({
  file: circle[0] ?? "",
  line: 1,
  message: `imports itself, by way of ${list(circle.slice(1))}: move what both ends need into a file of its own`,
});

const impureWay = (name: string): string | undefined => {
  if (name === "Math.random") return "ask for a timer between two durations; TimerService draws";
  return Object.hasOwn(impureNames, name) ? impureNames[name] : undefined;
};

/** `protocol/quorum/joint.ts` is in `protocol`; `index.ts` is in `.`. */
const roomOf = (path: string): string => (path.includes("/") ? (path.split("/")[0] ?? ".") : ".");

function judgeRelative(packageName: string, path: string, specifier: string, typeOnly: boolean): string | undefined {
  const target = posix.normalize(posix.join(dirname(path), specifier));
  if (target.startsWith("../")) return `imports ${specifier}, which leaves the package; import it by its name`;
  if (packageName !== "core") return undefined;
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === to || allows(from, path, to, typeOnly)) return undefined;
  return breach(from, `${target}${typeOnly ? " (types)" : ""}`);
}

function judgePackage(packageName: string, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) {
    const why = hostFree[packageName];
    return why === undefined ? undefined : `${packageName} may not import ${specifier}: ${why}`;
  }
  if (specifier.startsWith("@hexraft/")) {
    const allowed = packages[packageName] ?? [];
    const wanted = specifier.slice("@hexraft/".length);
    if (allowed.includes(wanted)) return undefined;
    return `${packageName} may not import ${specifier}; it may import ${list(allowed.map((name) => `@hexraft/${name}`))}`;
  }
  const third = thirdParty(specifier);
  const home = Object.hasOwn(homes, third) ? homes[third] : undefined;
  if (home === undefined || home.in.includes(packageName)) return undefined;
  return `${packageName} may not import ${specifier}: ${home.why}; it lives in ${list(home.in)}`;
}

function judgeRoomPackage(packageName: string, path: string, specifier: string, typeOnly: boolean): string | undefined {
  const room = roomOf(path);
  if (packageName !== "core" || allows(room, path, thirdParty(specifier), typeOnly)) return undefined;
  return breach(room, `${specifier}${typeOnly ? " (types)" : ""}`);
}

/** Reads the room's row: `'<name>'`, `'<name> types'`, `'<name> in <file>'`, or both. */
function allows(room: string, path: string, wanted: string, typeOnly: boolean): boolean {
  return (rooms[room] ?? []).some((entry) => {
    const [, name, types, file] = /^(\S+)( types)?(?: in (\S+))?$/.exec(entry) ?? [];
    return name === wanted && (types === undefined || typeOnly) && (file === undefined || path === `${room}/${file}`);
  });
}

const breach = (room: string, what: string): string =>
  `${room} may not import ${what}; ${room} may import ${list(rooms[room] ?? [])}`;

const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));

const thirdParty = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
