#!/usr/bin/env node
import { runHexraft } from "./cli.js";

process.exitCode = await runHexraft(process.argv);
