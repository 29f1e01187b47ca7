import { spawn } from "node:child_process";

/** Runs a tool of the host, with this on its input. @returns what it printed. @throws Error with what it complained about. */
export function hostTool(command: readonly [string, ...string[]], input = ""): Promise<string> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.stdin.on("error", () => {}); // it ended before it read everything, and says why
    child.stdin.end(input);
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command.join(" ")}: ${complaint.trim() || `exit code ${code}`}`));
    });
  });
}
