#!/usr/bin/env node
import { runHexraft } from "./cli.js";
import { outliveReaders } from "./standard-streams.js";

outliveReaders(process);
process.exitCode = await runHexraft(process.argv);
