/** Freezes plain objects, arrays and maps all the way down: what was checked at the start stays as it was checked. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map) {
    for (const [key, inner] of value) value.set(key, deepFreeze(inner))
    // `Object.freeze` does not reach a map's entries.
    for (const method of ['set', 'delete', 'clear'] as const)
      Object.defineProperty(value, method, { value: refuse })
  }
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}

function refuse(): never {
  throw new TypeError('the configuration is frozen')
}
