import type { Profile } from '../users/directory.ts'

/** The profile travels in every session and every token. */
export const largestBodyBytes = 4096

/** Is a normalised body larger than a profile may be, whatever the schema says? */
export function isTooLarge(body: Profile): boolean {
  return Buffer.byteLength(JSON.stringify(body)) > largestBodyBytes
}
