import type { Clock } from '../clock.ts'
import type { TokenExchangeConfig } from '../config/config.ts'
import { skipInterimAnswersOfFetch } from '../http/interim-answers.ts'
import type { HeldToken } from '../session/session.ts'

/** An exchange that came to nothing. `code` is the server's error code, cut to safe characters; never its text. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly status: number | undefined
  readonly code: string | undefined
  constructor(reason: string, about: { status?: number; code?: string; cause?: unknown } = {}) {
    super(`token exchange: ${reason}`, { cause: about.cause })
    this.status = about.status
    this.code = about.code
  }

  /** The server did not take the subject token: RFC 8693 §2.2.2 calls that invalid_request, many servers invalid_grant. */
  get subjectRefused(): boolean {
    return this.status === 400 && (this.code === 'invalid_request' || this.code === 'invalid_grant')
  }
}

/** Exchanges a provider's access token for one that the API takes. @throws ExchangeError */
export type ExchangeToken = (subjectToken: string, signal: AbortSignal) => Promise<HeldToken>

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const maxBodyBytes = 64 * 1024

/** Where the answer has no `expires_in` (RFC 8693 §2.2.1: RECOMMENDED only). */
const unstatedLifetimeSeconds = 300

/** OAuth 2.0 Token Exchange (RFC 8693 §2) with client_secret_basic. */
export function createExchangeToken(
  config: TokenExchangeConfig,
  clock: Clock,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): ExchangeToken {
  const { url, clientId, clientSecret, audience } = config
  skipInterimAnswersOfFetch()
  // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
  const credentials = `${formEncode(clientId)}:${formEncode(clientSecret)}`
  const headers = {
    Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    Accept: 'application/json',
  }

  return async function exchangeToken(subjectToken, signal) {
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: accessTokenType,
      requested_token_type: accessTokenType,
      ...(audience !== undefined && { audience }),
    })
    const requestedAt = clock()
    let status: number
    let answer: Readonly<Record<string, unknown>>
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      status = response.status
      answer = parseObject(await readBounded(response))
    } catch (cause) {
      throw new ExchangeError('no answer', { cause })
    }
    const { access_token: token, token_type: type, expires_in: expiresIn, error } = answer
    if (status !== 200) {
      const code = typeof error === 'string' ? error.replace(/[^\w.-]/g, '').slice(0, 64) : ''
      throw new ExchangeError(`refused with ${status}`, { status, code })
    }
    // RFC 6750 §2.1: what goes into the header; anything else could end it early.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new ExchangeError('no access token')
    // RFC 8693 §2.2.1: `N_A` marks what is no access token.
    if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
      throw new ExchangeError('no bearer token')
    const lifetimeSeconds = Number(expiresIn ?? unstatedLifetimeSeconds)
    if (!(lifetimeSeconds > 0)) throw new ExchangeError('a token that has expired')
    return { token, expiresAt: requestedAt + lifetimeSeconds * 1000 }
  }
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    // Leaving the loop cancels the body: the rest is not read.
    if (size > maxBodyBytes) throw new Error(`more than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
