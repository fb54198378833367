/**
 * JSON.parse that keeps integers beyond 2^53 as their exact digits, in a string: two int64 ids that round
 * to one number must stay two people. @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
}

// The third argument is ECMAScript's "JSON.parse source text access"; TypeScript's library does not know it yet.
function keepDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value
}

export type JsonObject = Readonly<Record<string, unknown>>

/** `value` if it is a JSON object, else an empty one: whatever is looked up in it is absent. */
export function objectOrEmpty(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
