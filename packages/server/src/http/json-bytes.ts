import { isUtf8 } from "node:buffer";
import { HttpProblem } from "./http-reply.js";

/**
 * Bytes as a field of a JSON object: `{ name: text }` if they are UTF-8, else `{ nameBase64: … }`; absent values are null.
 */
export function fieldOf(name: string, value: Uint8Array | null): Readonly<Record<string, string | null>> {
  if (value === null) return { [name]: null };
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.length);
  return isUtf8(buffer) ? { [name]: buffer.toString() } : { [`${name}Base64`]: buffer.toString("base64") };
}

/** Reads such a field; undefined if neither form is there. @throws HttpProblem 400 */
export function bytesOfField(object: Readonly<Record<string, unknown>>, name: string): Buffer | undefined {
  const plain = object[name];
  const encoded = object[`${name}Base64`];
  if (plain !== undefined && encoded !== undefined)
    throw new HttpProblem(400, "BadRequest", `Give ${name} or ${name}Base64, not both.`);
  if (typeof plain === "string") return Buffer.from(plain);
  if (typeof encoded === "string") return Buffer.from(encoded, "base64");
  if (plain === undefined && encoded === undefined) return undefined;
  throw new HttpProblem(400, "BadRequest", `${name} must be a string.`);
}

/** The same, if it must be there. @throws HttpProblem 400 */
export function requiredBytes(object: Readonly<Record<string, unknown>>, name: string): Buffer {
  const value = bytesOfField(object, name);
  if (value === undefined) throw new HttpProblem(400, "BadRequest", `${name} (or ${name}Base64) is missing.`);
  return value;
}

/** A body that must be one JSON object. @throws HttpProblem 400 */
export function jsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (error) {
    throw new HttpProblem(400, "BadRequest", `The body is not JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new HttpProblem(400, "BadRequest", "The body must be one JSON object.");
  return value as Readonly<Record<string, unknown>>;
}
