import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/** Seals text so that only whoever has one of the secrets can read or make it. Secrets: newest first, the first seals. */
export interface Sealer {
  /** base64url of IV ‖ ciphertext ‖ tag. `context` (a ticket, say) is needed again to open. */
  seal(plaintext: string, context?: string): string
  /** The plaintext and whether an older secret had sealed it; undefined if nothing fits. */
  open(sealed: string, context?: string): { readonly plaintext: string; readonly stale: boolean } | undefined
}

/**
 * AES-256-GCM (NIST SP 800-38D) under HKDF-SHA-256(secret, purpose and context). `purpose` separates what one secret is used
 * for: a sealed attempt never opens as a session.
 */
export function createSealer(secrets: readonly string[], purpose: string): Sealer {
  const extracted = secrets.map(extract)
  const keyFor = (secret: KeyObject, context: string) => expand(secret, `coatcheck ${purpose} ${context}`)

  return {
    seal(plaintext, context = '') {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', keyFor(extracted[0] as KeyObject, context), iv)
      return Buffer.concat([
        iv,
        cipher.update(plaintext, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]).toString('base64url')
    },
    open(sealed, context = '') {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < ivBytes + tagBytes) return undefined
      const [iv, tag] = [bytes.subarray(0, ivBytes), bytes.subarray(-tagBytes)]
      for (const [age, secret] of extracted.entries()) {
        const decipher = createDecipheriv('aes-256-gcm', keyFor(secret, context), iv)
        decipher.setAuthTag(tag)
        // As bytes, and text at the end: a decipher that gives out text goes through a decoder for pieces.
        const text = decipher.update(bytes.subarray(ivBytes, -tagBytes))
        try {
          decipher.final()
          return { plaintext: text.toString(), stale: age > 0 }
        } catch {
          // Not this secret: the next one may fit.
        }
      }
      return undefined
    },
  }
}

/** RFC 5869 §2.2, without a salt. It needs to be done once for a secret, however many keys come of it. */
function extract(secret: string): KeyObject {
  return createSecretKey(createHmac('sha256', Buffer.alloc(32)).update(secret).digest())
}

/** RFC 5869 §2.3 for a key as long as the hash. As KeyObjects: Node takes 10 µs longer over a cipher whose key is plain bytes. */
function expand(extracted: KeyObject, info: string): KeyObject {
  return createSecretKey(createHmac('sha256', extracted).update(`${info}\x01`).digest())
}
