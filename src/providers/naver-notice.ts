import { createDecipheriv, createHash, createHmac } from 'node:crypto'
import { equalInConstantTime } from '../crypto/random.ts'
import type { NoticeSecrets } from './definition.ts'
import type { UnlinkNotice, UnlinkVerdict } from './provider.ts'

const ivBytes = 16
const windowMs = 5 * 60_000

/**
 * Naver's notice that a person withdrew (https://developers.naver.com/docs/login/devguide, "연결 끊기 알림"):
 * signed and encrypted under MD5(client_secret). Older or newer than five minutes is refused, and within them it counts once.
 */
export function readNaverNotice(
  notice: UnlinkNotice,
  { clientId, clientSecret }: NoticeSecrets,
): UnlinkVerdict {
  const named = only(notice.fields, 'clientId')
  const encrypted = only(notice.fields, 'encryptUniqueId')
  const timestamp = only(notice.fields, 'timestamp')
  const signature = only(notice.fields, 'signature')
  if (!named || !encrypted || !timestamp || !signature) return { refused: 'malformed' }
  if (!/^\d{1,12}$/.test(timestamp)) return { refused: 'malformed' }

  const key = createHash('md5').update(clientSecret).digest()
  const expected = createHmac('sha256', key)
    .update(`clientId=${named}&encryptUniqueId=${encrypted}&timestamp=${timestamp}`)
    .digest('base64url')
  const genuine = equalInConstantTime(signature.replace(/=+$/, ''), expected)
  if (!genuine || named !== clientId) return { refused: 'unauthorized' }
  if (Math.abs(notice.now - Number(timestamp) * 1000) > windowMs) return { refused: 'unauthorized' }

  const subject = decrypt(encrypted, key)
  // Naver's own clock makes two notices about one person differ.
  const once = { key: `${timestamp}:${expected}`, forMs: 2 * windowMs }
  return subject ? { subject, once } : { refused: 'malformed' }
}

/** Sample notices carry the fields in the query, others in the form, some in both: one value, however often. */
function only(fields: URLSearchParams, name: string): string | undefined {
  const values = new Set(fields.getAll(name))
  return values.size === 1 ? [...values][0] : undefined
}

function decrypt(encrypted: string, key: Buffer): string | undefined {
  const bytes = Buffer.from(encrypted, 'base64url')
  if (bytes.length <= ivBytes) return undefined
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, bytes.subarray(0, ivBytes))
    return decipher.update(bytes.subarray(ivBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
