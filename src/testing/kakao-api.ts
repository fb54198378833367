import { type Answer, json, type SimulatedRequest } from './answer.ts'
import { bearerToken } from './credentials.ts'
import type { SimulatedPerson } from './personas.ts'
import type { Site } from './surface.ts'

// kapi.kakao.com. Evidence: [D] Kakao's own pages, [O] seen in several public code bases or logs.

/** [D] `*_needs_agreement: true`: the person has it, the app has no consent, the value is absent. */
export function kakaoProfile(site: Site, request: SimulatedRequest): Answer {
  const holder = site.authority.holder(bearerToken(request))
  // [D] kapi has no `error` member.
  if (!holder) return json({ msg: 'this access token does not exist', code: -401 }, 401)
  const { person, scope } = holder
  const email = sharesEmail(person, scope)
    ? { email: person.email, is_email_valid: true, is_email_verified: person.emailVerified }
    : {}
  const image = request.query.get('secure_resource') === 'true' ? person.picture : httpOf(person.picture)
  const body = JSON.stringify({
    id: 0,
    connected_at: new Date(site.clock()).toISOString(),
    properties: { nickname: person.nickname },
    kakao_account: {
      profile_nickname_needs_agreement: false,
      profile_image_needs_agreement: image === undefined,
      profile: {
        nickname: person.nickname,
        ...(image && { profile_image_url: image, thumbnail_image_url: image }),
        is_default_image: image === undefined,
      },
      has_email: person.email !== undefined,
      email_needs_agreement: !sharesEmail(person, scope),
      ...email,
    },
  })
  // [D] The id is an int64: written digit by digit, it may be more than a JavaScript number holds.
  return { ...json({}), body: body.replace('"id":0', `"id":${person.subject}`) }
}

/** [O] By bearer token, or by admin key for anybody. [D] -101: not connected. */
export function kakaoUnlink(site: Site, request: SimulatedRequest): Answer {
  const byAdmin = request.headers.authorization === `KakaoAK ${site.adminKey}`
  const subject = byAdmin
    ? (request.form.get('target_id') ?? '')
    : site.authority.holder(bearerToken(request))?.person.subject
  if (subject === undefined) return json({ msg: 'this access token does not exist', code: -401 }, 401)
  if (!site.authority.disconnect(subject)) return json({ msg: 'NotRegisteredUserException', code: -101 }, 400)
  return { ...json({}), body: `{"id":${subject}}` }
}

/** E-mail takes a scope and a consent. */
export function sharesEmail(person: SimulatedPerson, scope: string): boolean {
  return person.sharesEmail && person.email !== undefined && scope.includes('account_email')
}

function httpOf(url: string | undefined): string | undefined {
  return url?.replace(/^https:/, 'http:')
}
