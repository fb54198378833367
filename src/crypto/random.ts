import { randomBytes, timingSafeEqual } from 'node:crypto'

/** `bytes` bytes from the system's generator, base64url. 32 bytes: nobody guesses it. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

/** Compares in constant time; only the length can leak. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
