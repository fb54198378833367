import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { UnlinkVerdict } from '../../src/providers/provider.ts'
import { type Room, type RoomOptions, startRoom } from './room.ts'

let room: Room

interface Received {
  readonly authorization?: string
  readonly fields: Record<string, string> | URLSearchParams
}

async function judge(
  id: string,
  options: RoomOptions,
  make: () => Received,
): Promise<UnlinkVerdict | undefined> {
  room = await startRoom({ ids: [id], ...options })
  try {
    const { authorization, fields } = make()
    return room.provider(id).account.readUnlinkNotice?.({
      authorization,
      fields: new URLSearchParams(fields),
      now: room.clock(),
    })
  } finally {
    await room.close()
  }
}

describe('Kakao’s unlink notice', () => {
  const genuine = (subject = '12345678901234567') => {
    const { headers, form } = room.simulated('kakao').unlinkNotice(subject)
    return { authorization: headers['authorization'] ?? '', fields: { ...form } }
  }

  it('is believed for its admin key, and names the person exactly', async () => {
    await expect(judge('kakao', {}, () => genuine('9007199254740993'))).resolves.toEqual({
      subject: '9007199254740993',
    })
  })

  it.each<[string, (notice: ReturnType<typeof genuine>) => Received]>([
    ['without a key', ({ fields }) => ({ fields })],
    ['with another key', ({ fields }) => ({ fields, authorization: 'KakaoAK wrong' })],
    [
      'with the key of another scheme',
      ({ fields, authorization }) => ({ fields, authorization: authorization.replace('KakaoAK', 'Bearer') }),
    ],
    [
      'with a part of the key',
      ({ fields, authorization }) => ({ fields, authorization: authorization.slice(0, -1) }),
    ],
  ])('%s is refused', async (_, change) => {
    await expect(judge('kakao', {}, () => change(genuine()))).resolves.toEqual({ refused: 'unauthorized' })
  })

  it('is refused when no key is configured, whatever it brings', async () => {
    const without = { kakaoAdminKey: undefined }
    for (const authorization of ['KakaoAK undefined', 'KakaoAK ', 'KakaoAK'])
      await expect(judge('kakao', without, () => ({ ...genuine(), authorization }))).resolves.toEqual({
        refused: 'unauthorized',
      })
  })

  it.each(['', 'abc', '0', '-1', '1.5', '1e3'])('about user %j is malformed', async (user_id) => {
    await expect(judge('kakao', {}, () => ({ ...genuine(), fields: { user_id } }))).resolves.toEqual({
      refused: 'malformed',
    })
  })
})

describe('Naver’s unlink notice', () => {
  const subject = 'aB+/cD==eF'
  const genuine = () => ({ ...room.simulated('naver').unlinkNotice(subject).form })

  /** Signs whatever it is given, as somebody with the client secret could. */
  function signed(fields: Record<string, string>, secret = room.simulated('naver').clientSecret) {
    const key = createHash('md5').update(secret).digest()
    const { clientId, encryptUniqueId, timestamp } = fields
    const signature = createHmac('sha256', key)
      .update(`clientId=${clientId}&encryptUniqueId=${encryptUniqueId}&timestamp=${timestamp}`)
      .digest('base64url')
    return { ...fields, signature }
  }
  function encrypted(id: string) {
    const key = createHash('md5').update(room.simulated('naver').clientSecret).digest()
    const iv = randomBytes(16)
    const cipher = createCipheriv('aes-128-cbc', key, iv)
    return Buffer.concat([iv, cipher.update(id), cipher.final()]).toString('base64url')
  }

  it('is believed for its signature', async () => {
    await expect(judge('naver', {}, () => ({ fields: genuine() }))).resolves.toMatchObject({ subject })
  })

  it('is believed with padding, and with each field in query and form alike', async () => {
    const fields = () => {
      const once = genuine()
      return new URLSearchParams([
        ...Object.entries({ ...once, signature: `${once['signature']}=` }),
        ['timestamp', once['timestamp'] ?? ''],
      ])
    }
    await expect(judge('naver', {}, () => ({ fields: fields() }))).resolves.toMatchObject({ subject })
  })

  it.each<[string, () => Record<string, string>]>([
    ['with another signature', () => ({ ...genuine(), signature: 'x' })],
    ['with a changed id', () => ({ ...genuine(), encryptUniqueId: encrypted('somebody else') })],
    ['with a changed time', () => ({ ...genuine(), timestamp: '1' })],
    ['signed with another secret', () => signed(genuine(), 'another secret')],
    ['for another client', () => signed({ ...genuine(), clientId: 'another-client' })],
    [
      'six minutes old',
      () => signed({ ...genuine(), timestamp: String(Math.floor(room.clock() / 1000) - 360) }),
    ],
    [
      'six minutes ahead',
      () => signed({ ...genuine(), timestamp: String(Math.floor(room.clock() / 1000) + 360) }),
    ],
  ])('%s is refused', async (_, fields) => {
    await expect(judge('naver', {}, () => ({ fields: fields() }))).resolves.toEqual({
      refused: 'unauthorized',
    })
  })

  it.each<[string, () => Record<string, string> | URLSearchParams]>([
    ['without fields', () => ({})],
    ['without a signature', () => ({ ...genuine(), signature: '' })],
    ['with a time that is none', () => signed({ ...genuine(), timestamp: 'now' })],
    ['that does not decrypt', () => signed({ ...genuine(), encryptUniqueId: 'AAAA' })],
    ['with two ids', () => new URLSearchParams([...Object.entries(genuine()), ['encryptUniqueId', 'x']])],
  ])('%s is malformed', async (_, fields) => {
    await expect(judge('naver', {}, () => ({ fields: fields() }))).resolves.toEqual({ refused: 'malformed' })
  })
})

it('nobody else sends unlink notices', async () => {
  await expect(judge('google', {}, () => ({ fields: {} }))).resolves.toBeUndefined()
})
