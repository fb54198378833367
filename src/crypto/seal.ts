import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/** Seals text so that only whoever has one of the secrets can read or make it. Secrets: newest first, the first seals. */
export interface Sealer {
  /** base64url of IV ‖ ciphertext ‖ tag. `salt` (a ticket, say) is needed again to open. */
  seal(plaintext: string, salt?: string): string
  /** The plaintext and whether an older secret had sealed it; undefined if nothing fits. */
  open(sealed: string, salt?: string): { readonly plaintext: string; readonly stale: boolean } | undefined
}

/**
 * AES-256-GCM under HKDF-SHA-256(secret, salt, purpose) (RFC 5869, NIST SP 800-38D).
 * `purpose` separates what one secret is used for: a sealed attempt never opens as a session.
 */
export function createSealer(secrets: readonly string[], purpose: string): Sealer {
  const info = `coatcheck ${purpose}`
  // As a KeyObject: Node takes 10 µs longer over a cipher whose key is plain bytes.
  const key = (secret: string, salt: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, salt, info, 32)))
  // Without a salt the key is always the same: derived once.
  const unsalted = secrets.map((secret) => key(secret, ''))
  const keyAt = (index: number, salt: string) =>
    (salt === '' ? unsalted[index] : key(secrets[index] as string, salt)) as KeyObject

  return {
    seal(plaintext, salt = '') {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', keyAt(0, salt), iv)
      return Buffer.concat([
        iv,
        cipher.update(plaintext, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]).toString('base64url')
    },
    open(sealed, salt = '') {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < ivBytes + tagBytes) return undefined
      for (const index of secrets.keys()) {
        const decipher = createDecipheriv('aes-256-gcm', keyAt(index, salt), bytes.subarray(0, ivBytes))
        decipher.setAuthTag(bytes.subarray(-tagBytes))
        try {
          const text =
            decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
          return { plaintext: text, stale: index > 0 }
        } catch {
          // Not this secret: the next one may fit.
        }
      }
      return undefined
    },
  }
}
