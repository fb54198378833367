import { isJsonObject, parseExactly } from './exact-json.ts'

/** Optional members of a token answer that some providers send empty instead of leaving them out. */
const optional = ['refresh_token', 'id_token', 'scope', 'expires_in'] as const

/**
 * A provider's answer to a POST, in the form RFC 6749 §5 means:
 * an error in a 200 (Naver, GitHub) becomes the 400 that it is; an error body is readable although a challenge came with it
 * or its type is wrong; empty optional members are absent; `without` are members that nobody will look at.
 */
export async function normalise(response: Response, without: readonly string[] = []): Promise<Response> {
  const text = await response.text()
  const { status } = response
  const headers = new Headers(response.headers)
  const body = parsed(text)
  if (!body) return rebuilt(text, status, headers)
  if (typeof body['error'] === 'string' && body['access_token'] === undefined) {
    headers.delete('www-authenticate')
    headers.set('content-type', 'application/json')
    return rebuilt(text, Math.max(status, 400), headers)
  }
  const kept = Object.entries(body).filter(
    ([name, value]) =>
      !without.includes(name) &&
      !((optional as readonly string[]).includes(name) && (value === null || value === '')),
  )
  return rebuilt(JSON.stringify(Object.fromEntries(kept)), status, headers)
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body = parseExactly(text)
    return isJsonObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

function rebuilt(text: string, status: number, headers: Headers): Response {
  return new Response(status === 204 || status === 205 ? null : text, { status, headers })
}
