/** Written above the code block of README.md that `pnpm check:pack` compiles and runs. */
const MARK = "<!-- example: compose -->";

/** The first `ts` block after the mark; throws with what to do if there is none. */
export function readExample(readme: string): string {
  const at = readme.indexOf(MARK);
  if (at < 0) throw new Error(`README.md has no line ${MARK}: put it above the example that composes a node`);
  const code = /^```ts\n(.*?)^```$/ms.exec(readme.slice(at + MARK.length))?.[1];
  if (code === undefined) throw new Error(`README.md has no \`\`\`ts block after ${MARK}`);
  return code;
}
