export { type ConsoleLoggerOptions, consoleLogger } from "./console-logger.js";
export { nodeRuntime } from "./node-runtime.js";
