import { createHash } from 'node:crypto'
import { skeleton } from './confusables.ts'
import { visibleText } from './profile-text.ts'

const longestKey = 200

/**
 * The form in which a value must be unique: two values that people take for the same have the same key.
 * NFKC and case folding (as Unicode's NFKC_Casefold), nothing invisible, white space as one space, look-alikes as one.
 */
export function uniqueKey(text: string): string {
  // Up and down again folds ß with ss, ſ with s and ς with σ.
  const folded = text.normalize('NFKC').toUpperCase().toLowerCase()
  const key = skeleton(visibleText(folded).normalize('NFKC')).replace(/\s+/gu, ' ')
  // PostgreSQL indexes at most 2,704 bytes.
  return key.length <= longestKey ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
}
