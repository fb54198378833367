import type { SimulatedRequest } from './answer.ts'
import type { Site } from './surface.ts'

type Client = Pick<Site, 'clientId' | 'clientSecret'>

/** Is it our client, by `client_secret_post` (RFC 6749 §2.3.1)? */
export function isPostedClient({ clientId, clientSecret }: Client, form: URLSearchParams): boolean {
  return form.get('client_id') === clientId && form.get('client_secret') === clientSecret
}

/** By `client_secret_basic` or `client_secret_post`. */
export function isClient(client: Client, { form, headers }: SimulatedRequest): boolean {
  const { clientId, clientSecret } = client
  if (headers.authorization === undefined) return isPostedClient(client, form)
  return headers.authorization === `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
}

/** RFC 6750 §2.1. */
export function bearerToken({ headers }: SimulatedRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
}
