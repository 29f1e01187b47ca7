import { describe, expect, it } from "vitest";
import { RespParser } from "../src/resp/resp-parser.js";
import { DEFAULT_RESP_LIMITS, RespProtocolError } from "../src/resp/resp-protocol.js";

const all = (parser: RespParser): string[][] => {
  const commands: string[][] = [];
  for (let command = parser.next(); command !== undefined; command = parser.next())
    commands.push(command.map((argument) => argument.toString("latin1")));
  return commands;
};
const parse = (text: string | Buffer): string[][] => {
  const parser = new RespParser();
  parser.push(Buffer.from(text as string, "latin1"));
  return all(parser);
};
const protocolError = (text: string, limits = DEFAULT_RESP_LIMITS): string => {
  const parser = new RespParser(limits);
  parser.push(Buffer.from(text, "latin1"));
  try {
    for (;;) if (parser.next() === undefined) return "waits for more";
  } catch (error) {
    expect(error).toBeInstanceOf(RespProtocolError);
    return (error as Error).message;
  }
};

const STREAM =
  "*3\r\n$3\r\nSET\r\n$2\r\nk\xff\r\n$5\r\na\r\n\x00b\r\n" +
  "*0\r\n\r\n  \r\n*-1\r\n" +
  "SET \"a b\\x00\" 'it\\'s'\r\n" +
  "*1\r\n$0\r\n\r\n" +
  "ping\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n";
const COMMANDS = [["SET", "k\xff", "a\r\n\x00b"], ["SET", "a b\x00", "it's"], [""], ["ping"], ["ECHO", "x"]];

describe("RespParser", () => {
  it("takes arrays, inline commands, empty lines and empty arrays out of one chunk", () => {
    expect(parse(Buffer.from(STREAM, "latin1").toString("latin1"))).toEqual(COMMANDS);
  });

  it("finds the same commands wherever the stream is cut in two", () => {
    const bytes = Buffer.from(STREAM, "latin1");
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = new RespParser();
      parser.push(bytes.subarray(0, cut));
      const first = all(parser);
      parser.push(bytes.subarray(cut));
      expect([...first, ...all(parser)], `cut at ${cut}`).toEqual(COMMANDS);
    }
  });

  it("finds the same commands when every byte comes alone", () => {
    const parser = new RespParser();
    const found: string[][] = [];
    for (const byte of Buffer.from(STREAM, "latin1")) {
      parser.push(Buffer.from([byte]));
      found.push(...all(parser));
    }
    expect(found).toEqual(COMMANDS);
  });

  it("takes a large argument in a thousand pieces, in time proportional to its length", () => {
    const parser = new RespParser();
    parser.push(Buffer.from(`*2\r\n$4\r\nECHO\r\n$${8 * 1024 * 1024}\r\n`));
    const piece = Buffer.alloc(8 * 1024, 120);
    for (let i = 0; i < 1024; i++) {
      expect(parser.next()).toBeUndefined();
      parser.push(piece);
    }
    parser.push(Buffer.from("\r\n"));
    expect(parser.next()?.[1]?.length).toBe(8 * 1024 * 1024);
  });

  it.each([
    ["*x\r\n", "invalid multibulk length"],
    ["*1e3\r\n", "invalid multibulk length"],
    ["*65537\r\n", "invalid multibulk length"],
    ["*99999999999999999999\r\n", "invalid multibulk length"],
    ["*1\r\n:5\r\n", "expected '$', got ':'"],
    ["*1\r\n\x01\r\n", "expected '$', got '\\x01'"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$8388609\r\n", "invalid bulk length"],
    ["*1\r\n$ 3\r\nabc\r\n", "invalid bulk length"],
    ["*1\r\n$3\r\nabcde", "expected CRLF after an argument"],
    ['SET "a\r\n', "unbalanced quotes in request"],
    ["SET 'a'b\r\n", "unbalanced quotes in request"],
    ["SET 'a\\\r\n", "unbalanced quotes in request"],
    [`*1\r\n$${"1".repeat(70_000)}`, "too big bulk count string"],
    ["x".repeat(70_000), "too big inline request"],
  ])("refuses %j", (text, complaint) => {
    expect(protocolError(text)).toBe(complaint);
  });

  it("refuses a command that is too large in all, before its bytes have come", () => {
    const limits = { ...DEFAULT_RESP_LIMITS, commandBytesMax: 10 };
    expect(protocolError("*2\r\n$6\r\nabcdef\r\n$5\r\n", limits)).toBe("too big command");
    expect(protocolError("*2\r\n$6\r\nabcdef\r\n$4\r\n", limits)).toBe("waits for more");
  });

  it("holds a long line to its bound, not what stands behind it", () => {
    expect(parse(`PING ${"x".repeat(60_000)}\r\n${"PING\r\n".repeat(20_000)}`).length).toBe(20_001);
  });
});
