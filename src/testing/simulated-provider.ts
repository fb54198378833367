import type { JWTPayload } from 'jose'
import type { SimulatedRequest } from './answer.ts'
import { createAuthority } from './authority.ts'
import { type ConsentDesk, createConsentDesk } from './consent-desk.ts'
import { createIdTokens, type IdTokens } from './id-tokens.ts'
import { type SimulatorServer, startSimulatorServer } from './simulator-server.ts'
import type { Notice, Site, Surface } from './surface.ts'

type IdTokenMaker = (claims: JWTPayload) => JWTPayload | string | Promise<JWTPayload | string>

/** A provider on loopback, and the strings to pull in it. */
export interface SimulatedProvider
  extends Pick<ConsentDesk, 'as' | 'persona' | 'lastPerson' | 'newPerson'>,
    Pick<SimulatorServer, 'origin' | 'requests' | 'fail' | 'recover' | 'start' | 'stop'> {
  readonly id: string
  readonly clientId: string
  readonly clientSecret: string
  readonly adminKey: string
  readonly idTokens: IdTokens
  /** coatcheck's variables for it. */
  readonly env: Readonly<Record<string, string>>
  /** What one endpoint was asked, oldest first. */
  requestsTo(endpoint: string): readonly SimulatedRequest[]
  /** Each ID token is made by `make` from now on: of other claims, or a whole token. */
  makeIdToken(make: IdTokenMaker): void
  /** Everything granted about a person, gone, as if they had withdrawn at the provider. */
  disconnect(subject: string): boolean
  /** An unlink notice as this provider would send it; only Kakao and Naver do. */
  unlinkNotice(subject: string): Notice
  /** OIDC Back-Channel Logout 1.0 §2.4; `claims` and `header` replace what it would say. */
  logoutToken(claims: JWTPayload, header?: { readonly typ?: string }): Promise<string>
}

export interface SimulatedProviderOptions {
  readonly clock: () => number
  readonly redirectUris: readonly string[]
  /** Default: a free one. */
  readonly port?: number
}

export async function startSimulatedProvider(
  surface: Surface,
  { clock, redirectUris, port }: SimulatedProviderOptions,
): Promise<SimulatedProvider> {
  const { id } = surface
  const [server, idTokens] = await Promise.all([startSimulatorServer(clock, port), createIdTokens(id)])
  const { origin } = server
  const desk = createConsentDesk(surface)
  const returnOrigins = redirectUris.map((uri) => new URL(uri).origin)
  const client = {
    clientId: `${id}-client`,
    clientSecret: `${id}-client-secret-0123456789`,
    adminKey: `${id}-admin-key-0123456789`,
  }
  let makeIdToken: IdTokenMaker = (claims) => claims
  const site: Site = {
    ...client,
    origin,
    clock,
    authority: createAuthority({ clock, ...surface.lifetimes }),
    idTokens,
    isRegistered: (uri): uri is string => uri !== null && redirectUris.includes(uri),
    mayReturnTo: (url): url is string =>
      url !== null && URL.canParse(url) && returnOrigins.includes(new URL(url).origin),
    askPerson: desk.answer,
    async idToken(claims) {
      const made = await makeIdToken(claims)
      return typeof made === 'string' ? made : idTokens.sign(made)
    },
  }
  server.serve(surface.endpoints(site))

  return {
    ...server,
    ...client,
    as: desk.as,
    newPerson: desk.newPerson,
    get persona() {
      return desk.persona
    },
    get lastPerson() {
      return desk.lastPerson
    },
    id,
    idTokens,
    env: environment(surface, { ...client, origin }),
    requestsTo: (endpoint: string) => server.requests.filter((request) => request.endpoint === endpoint),
    makeIdToken(make: IdTokenMaker) {
      makeIdToken = make
    },
    disconnect: site.authority.disconnect,
    unlinkNotice(subject: string) {
      if (!surface.unlinkNotice) throw new Error(`${id} sends no unlink notices`)
      return surface.unlinkNotice(site, subject)
    },
    logoutToken(claims: JWTPayload, header?: { readonly typ?: string }) {
      const iat = Math.floor(clock() / 1000)
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const usual = {
        iss: origin,
        aud: client.clientId,
        iat,
        exp: iat + 120,
        jti: crypto.randomUUID(),
        events,
      }
      return idTokens.sign({ ...usual, ...claims }, { typ: 'logout+jwt', ...header })
    },
  }
}

function environment(
  { id, env }: Surface,
  site: Pick<Site, 'origin' | 'clientId' | 'clientSecret'>,
): Readonly<Record<string, string>> {
  const own = { CLIENT_ID: site.clientId, CLIENT_SECRET: site.clientSecret, ...env(site.origin) }
  const prefix = id.toUpperCase().replaceAll('-', '_')
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [`${prefix}_${name}`, value]))
}
