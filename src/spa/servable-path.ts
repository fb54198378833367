/** Extensions that only files have: a missing one is a 404, whoever asks. A route may well be called `/john.doe`. */
const assetExtensions =
  /\.(?:avif|bmp|br|css|csv|eot|gif|gz|html?|ico|jpe?g|js|json|jsx|map|mjs|mp3|mp4|otf|pdf|php|png|svg|tsx?|ttf|txt|wasm|wav|webm|webmanifest|webp|woff2?|xml|ya?ml|zip)$/i

/**
 * The path of a request target, decoded once and in NFC, if it could be a file or a page of an app; else undefined:
 * dot segments and hidden names, backslashes, empty segments, control characters, anything encoded twice.
 */
export function servablePath(target: string): string | undefined {
  const path = decoded(target.split('?', 1)[0] as string)?.normalize('NFC')
  if (path === undefined || !path.startsWith('/')) return undefined
  // Percent-encoding that survives decoding was meant for some other decoder.
  if (/[\p{Cc}\\#]|\/\/|%[0-9a-f]{2}/iu.test(path)) return undefined
  return hasHiddenName(path) ? undefined : path
}

/** Dotfiles (`.env`, `.git/…`) and dot segments. */
export function hasHiddenName(path: string): boolean {
  return path.split('/').some((segment) => segment.startsWith('.'))
}

export function looksLikeAsset(path: string): boolean {
  return assetExtensions.test(path)
}

/**
 * The name carries a hash of its content, as bundlers write it: `index-BxZ9a_3k.js`, `main.3f2a9b1c.css`.
 * A hash mixes letters and digits, or has a capital inside.
 */
export function hasHashedName(path: string): boolean {
  const hash = /[.-](?<hash>[\w-]{8}|[0-9a-f]{9,64})(?:\.chunk)?\.\w+$/.exec(path)?.groups?.['hash']
  return hash !== undefined && (/\d/.test(hash) ? /[a-z]/i.test(hash) : /^.+[A-Z]/.test(hash))
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
