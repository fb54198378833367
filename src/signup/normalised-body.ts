import type { Profile } from '../users/directory.ts'
import { type Flaw, pointerToken } from './field-errors.ts'
import { normaliseText, textFlaw } from './profile-text.ts'

/** Deeper than any form; a body of brackets alone must not exhaust the stack. */
const deepest = 16

/**
 * The body with every string as it would be stored, and what no schema can allow in one.
 * `singleLine`: pointers to text that may have no line breaks either.
 */
export function normaliseBody(
  body: Profile,
  singleLine: ReadonlySet<string>,
): { readonly profile: Profile; readonly flaws: readonly Flaw[] } {
  const flaws: Flaw[] = []
  const flaw = (keyword: string, instancePath: string) => flaws.push({ keyword, instancePath, params: {} })

  function normalise(value: unknown, pointer: string, depth: number): unknown {
    if (typeof value === 'string') {
      const text = normaliseText(value)
      const wrong = textFlaw(text) ?? (singleLine.has(pointer) && /[\n\t]/.test(text) && 'characters')
      if (wrong) flaw(wrong, pointer)
      return text
    }
    if (typeof value !== 'object' || value === null) return value
    if (depth === deepest) {
      flaw('depth', pointer)
      return null
    }
    return Array.isArray(value)
      ? value.map((item, index) => normalise(item, `${pointer}/${index}`, depth + 1))
      : members(value, pointer, depth + 1)
  }
  function members(object: object, pointer: string, depth: number): Profile {
    // Own properties again, `__proto__` too: it is for the schema to refuse them.
    return Object.fromEntries(
      Object.entries(object).map(([name, value]) => [
        name,
        normalise(value, `${pointer}/${pointerToken(name)}`, depth),
      ]),
    )
  }

  return { profile: members(body, '', 0), flaws }
}
