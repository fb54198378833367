import { fetchUserInfo } from 'openid-client'
import type { ProfileSource } from './definition.ts'
import { isJsonObject, type JsonObject, objectOrEmpty, parseExactly } from './exact-json.ts'
import { toProviderError } from './failure.ts'
import type { Person } from './person.ts'
import type { Protocol, ProtocolClient } from './protocol-client.ts'
import { ProviderError, type ProviderFailure } from './provider.ts'

interface Proof {
  readonly accessToken: string
  /** Of a verified ID token. */
  readonly claims: (JsonObject & { readonly sub: string }) | undefined
}

/** Who it is, from where this provider says it. @throws ProviderError */
export async function readPerson(
  { definition }: Protocol,
  client: ProtocolClient,
  proof: Proof,
): Promise<Person> {
  const { profile } = definition
  if (profile.from === 'api') return readFromApi(profile, client, proof.accessToken)
  const { accessToken, claims } = proof
  if (!claims) throw new ProviderError('profile-unusable', { providerCode: 'no-id-token' })
  const person = profile.person(claims)
  const speaks = person.email !== undefined || person.nickname !== undefined
  if (!profile.userinfo || speaks || client.metadata.userinfo_endpoint === undefined) return person
  try {
    // OIDC Core §5.3.2: openid-client refuses an answer about another `sub`.
    return profile.person({
      ...claims,
      ...(await fetchUserInfo(client.configuration, accessToken, claims.sub)),
    })
  } catch (error) {
    throw toProviderError(error, 'profile', definition.errorCodes)
  }
}

async function readFromApi(
  profile: Extract<ProfileSource, { from: 'api' }>,
  { fetch, metadata }: ProtocolClient,
  accessToken: string,
): Promise<Person> {
  const url = new URL(metadata.userinfo_endpoint ?? '')
  for (const [name, value] of Object.entries(profile.parameters ?? {})) url.searchParams.set(name, value)
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
  })
  const body = parsed(await response.text())
  if (!response.ok) {
    const failure = profile.failure?.(objectOrEmpty(body)) ?? failureOf(response.status)
    throw new ProviderError(failure, { providerCode: `profile-${response.status}` })
  }
  if (!isJsonObject(body)) throw new ProviderError('unavailable', { providerCode: 'profile-not-json' })
  const person = profile.person(body)
  if (!person) throw new ProviderError('profile-unusable', { providerCode: 'profile-empty' })
  return person
}

/** A token that was good a moment ago is refused, or what it may not see is not switched on for this app. */
function failureOf(status: number): ProviderFailure {
  if (status === 403) return 'misconfigured'
  return status === 400 || status === 401 ? 'profile-unusable' : 'unavailable'
}

function parsed(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}
