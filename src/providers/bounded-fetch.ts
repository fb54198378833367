import { objectOrEmpty } from './exact-json.ts'
import { ProviderError } from './provider.ts'

/** A fetch that always comes back soon with little: the whole body is here when it resolves. */
export type BoundedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

export interface FetchLimits {
  readonly fetch: typeof fetch
  /** Bounds the operation that the call is part of. */
  readonly signal?: AbortSignal
  /** For one call, its body included. */
  readonly timeoutMs: number
}

const maxBytes = 64 * 1024

/** https, or http to this very machine: nothing secret crosses a wire in the clear. */
export function isProtected(url: URL): boolean {
  if (url.protocol === 'https:') return true
  return (
    url.protocol === 'http:' && /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  )
}

/**
 * The only way out of this room. Time covers the body too (a drip of bytes is a timeout), size is counted after
 * decompression (a gzip bomb stops at the limit), redirects are not followed (RFC 9700 §4.11: a token endpoint has no other address).
 * @throws ProviderError `unavailable`, `rate-limited`: no protocol answer came
 */
export function createBoundedFetch({ fetch, signal, timeoutMs }: FetchLimits): BoundedFetch {
  return async (url, init) => {
    if (!isProtected(new URL(url))) throw new ProviderError('misconfigured', { providerCode: 'insecure-url' })
    const limit = AbortSignal.timeout(timeoutMs)
    const bounded = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: bounded })
      const refusal = failureOf(response.status)
      if (refusal) {
        await response.body?.cancel()
        throw new ProviderError(refusal, { providerCode: `http-${response.status}` })
      }
      return rebuild(response, await readBody(response))
    } catch (error) {
      if (error instanceof ProviderError) throw error
      throw new ProviderError('unavailable', { providerCode: networkCode(error, bounded), cause: error })
    }
  }
}

/** Statuses whose body is nobody's protocol. */
function failureOf(status: number): 'rate-limited' | 'unavailable' | undefined {
  if (status === 429) return 'rate-limited'
  return status >= 500 || (status >= 300 && status < 400) ? 'unavailable' : undefined
}

async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new ProviderError('unavailable', { providerCode: 'oversized' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The same response around the bytes that came; its framing and coding are done with. */
function rebuild({ status, headers }: Response, body: Buffer): Response {
  const kept = new Headers(headers)
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name)
  return new Response(status === 204 || status === 205 ? null : new Uint8Array(body), {
    status,
    headers: kept,
  })
}

/** `fetch` names the system's error (`ECONNREFUSED`) one level down. */
function networkCode(error: unknown, bounded: AbortSignal): string {
  if (bounded.aborted) return 'timeout'
  const code = objectOrEmpty(objectOrEmpty(error)['cause'])['code']
  return typeof code === 'string' ? code : 'network'
}
