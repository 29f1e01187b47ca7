import { ExitCode } from "./exit-codes.js";

/** What is wanted of a process here. */
type Speaker = Pick<NodeJS.Process, "stdout" | "stderr" | "exitCode" | "once">;

/**
 * What a process says may reach nobody: its reader has left (`| head`, a log shipper that died), or the disk below takes no more. That ends
 * none: a node serves on, a command does what it was told. What they say from then on is dropped; that a disk is full is said on standard
 * error, once, and who would have ended with `ok` ends with `failed`.
 */
export function outliveReaders(speaker: Speaker): void {
  let isLost = false;
  speaker.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || isLost) return;
    isLost = true;
    speaker.stderr.write(`hexraft: standard output takes no more (${message}): from here on nothing is said there\n`);
  });
  speaker.stderr.on("error", () => {});
  // Only then is it known: a stream tells of its last words after they were said.
  speaker.once("exit", () => {
    if (isLost) speaker.exitCode ||= ExitCode.failed;
  });
}
