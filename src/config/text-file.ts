import { readFileSync } from 'node:fs'

/** A file that holds no text. The message is the rest of a sentence about the file. */
export class NotText extends Error {
  override readonly name = 'NotText'
}

/** The text of a file. @throws NotText, or the system's error */
export function readText(path: string): string {
  return decodeText(readFileSync(path))
}

/**
 * UTF-8, or UTF-16 as PowerShell's `>` writes it; a byte order mark is left out (Encoding Standard §6).
 * Without a mark, a first character of ASCII shows UTF-16 by the zero beside it (RFC 4627 §3). @throws NotText
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0)
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== undefined && second !== 0)
  try {
    const text = new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8', { fatal: true })
    return text.decode(bytes)
  } catch (cause) {
    throw new NotText('is neither UTF-8 nor UTF-16: save it as UTF-8', { cause })
  }
}
