import { runHexraft } from "@hexraft/server";

// The command `hexraft`, as a program of one's own can start it.
process.exitCode = await runHexraft(process.argv);
