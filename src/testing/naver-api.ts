import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { type Answer, json, type SimulatedRequest } from './answer.ts'
import { bearerToken, isPostedClient } from './credentials.ts'
import type { Notice, Site } from './surface.ts'

// What Naver offers beside the login itself. Evidence: [D] Naver's own guide.

/** [D] Only `id` is certain. There is no verified flag. */
export function naverProfile(site: Site, request: SimulatedRequest): Answer {
  const holder = site.authority.holder(bearerToken(request))
  if (!holder)
    return json({ resultcode: '024', message: 'Authentication failed (인증 실패하였습니다.)' }, 401)
  const { subject, nickname, email, sharesEmail, picture } = holder.person
  return json({
    resultcode: '00',
    message: 'success',
    response: {
      id: subject,
      nickname,
      ...(sharesEmail && email !== undefined && { email }),
      ...(picture !== undefined && { profile_image: picture }),
    },
  })
}

/** [D] 200 with an empty body, for unknown tokens too; takes the paired token and the connection along. */
export function naverRevoke(site: Site, { form }: SimulatedRequest): Answer {
  if (!isPostedClient(site, form)) return json({ error: 'unauthorized_client' }, 401)
  if (!form.get('token')) return json({ error: 'invalid_request' }, 400)
  const holder = site.authority.holder(form.get('token') ?? undefined)
  site.authority.revoke(form.get('token'))
  if (holder) site.authority.disconnect(holder.person.subject)
  return { status: 200, headers: {}, body: '' }
}

/** [D] Keyed by MD5(client_secret): AES-128-CBC around the id, HMAC-SHA-256 over the fields. */
export function naverNotice({ clientId, clientSecret, clock }: Site, subject: string): Notice {
  const key = createHash('md5').update(clientSecret).digest()
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', key, iv)
  const encryptUniqueId = Buffer.concat([iv, cipher.update(subject, 'utf8'), cipher.final()]).toString(
    'base64url',
  )
  const timestamp = String(Math.floor(clock() / 1000))
  const signature = createHmac('sha256', key)
    .update(`clientId=${clientId}&encryptUniqueId=${encryptUniqueId}&timestamp=${timestamp}`)
    .digest('base64url')
  return { headers: {}, form: { clientId, encryptUniqueId, timestamp, signature } }
}
