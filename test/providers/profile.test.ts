import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { ProviderFailure } from '../../src/providers/provider.ts'
import { type Fault, faults } from '../../src/testing/faults.ts'
import type { SimulatedPerson } from '../../src/testing/personas.ts'
import { type Room, startRoom } from './room.ts'

const ids = ['kakao', 'naver', 'google', 'acme'] as const
let room: Room
beforeAll(async () => {
  room = await startRoom({ ids })
})
afterAll(() => room.close())
afterEach(() => {
  for (const id of ids) {
    room.simulated(id).recover()
    room.simulated(id).as('newcomer')
  }
})

async function identityOf(id: string, facts: Partial<SimulatedPerson>) {
  room.simulated(id).as(room.simulated(id).newPerson(facts))
  return (await room.login(id)).identity
}

describe('a subject', () => {
  it('of Kakao beyond 2^53 stays exact: two ids that round to one number are two people', async () => {
    const [a, b] = ['9007199254740993', '9007199254740992']
    expect(Number(a)).toBe(Number(b))
    expect((await identityOf('kakao', { subject: a })).subject).toBe(a)
    expect((await identityOf('kakao', { subject: b })).subject).toBe(b)
    expect((await identityOf('kakao', { subject: '9223372036854775807' })).subject).toBe(
      '9223372036854775807',
    )
  })

  it('of Naver is taken letter by letter', async () => {
    const subject = `${'aB+/'.repeat(15)}aB==`
    expect((await identityOf('naver', { subject })).subject).toBe(subject)
    expect((await identityOf('naver', { subject: subject.toLowerCase() })).subject).toBe(
      subject.toLowerCase(),
    )
  })

  it('of Google is 21 digits, exactly', async () => {
    const subject = '108204268033311374519'
    expect((await identityOf('google', { subject })).subject).toBe(subject)
  })

  it.each(['x'.repeat(256), 'a\u0000b'])(
    'longer than 255 characters or with control characters is nobody',
    async (subject) => {
      await expect(identityOf('naver', { subject })).rejects.toMatchObject({ failure: 'profile-unusable' })
    },
  )

  it('of the profile and of the ID token must be one', async () => {
    room.simulated('kakao').fail(
      'userinfo',
      faults.change((body) => ({ ...body, id: 1 })),
    )
    await expect(room.login('kakao')).rejects.toMatchObject({
      failure: 'profile-unusable',
      providerCode: 'subject-mismatch',
    })
    room.simulated('acme').fail(
      'userinfo',
      faults.change((body) => ({ ...body, sub: 'somebody-else' })),
    )
    await expect(room.login('acme')).rejects.toMatchObject({ failure: 'profile-unusable' })
  })
})

describe('an e-mail address', () => {
  it.each(ids)('that a person at %s keeps is not there', async (id) => {
    room.simulated(id).as('no-email')
    const { identity } = await room.login(id)
    expect(identity).not.toHaveProperty('email')
    expect(identity.emailVerified).toBe(false)
  })

  it.each<[string, Partial<SimulatedPerson>, boolean]>([
    ['google', { email: 'a@gmail.com', emailVerified: true }, true],
    ['google', { email: 'a@Gmail.com', emailVerified: true }, true],
    ['google', { email: 'a@gmail.com', emailVerified: false }, false],
    ['google', { email: 'a@company.example', emailVerified: true }, false],
    ['google', { email: 'a@company.example', emailVerified: true, hostedDomain: 'company.example' }, true],
    ['google', { email: 'a@evil-gmail.com', emailVerified: true }, false],
    ['kakao', { email: 'a@kakao.com', emailVerified: true }, true],
    ['kakao', { email: 'a@kakao.com', emailVerified: false }, false],
    ['naver', { email: 'a@naver.com', emailVerified: true }, false],
    ['acme', { email: 'a@b.c', emailVerified: true }, true],
    ['acme', { email: 'a@b.c', emailVerified: false }, false],
  ])('at %s: %j is verified: %s', async (id, facts, verified) => {
    const identity = await identityOf(id, facts)
    expect(identity).toMatchObject({ email: facts.email, emailVerified: verified })
  })

  it('at Kakao that belongs to another account by now is not verified', async () => {
    room.simulated('kakao').fail(
      'userinfo',
      faults.change((body) => {
        Object.assign(body['kakao_account'] as object, { is_email_valid: false })
        return body
      }),
    )
    expect((await room.login('kakao')).identity.emailVerified).toBe(false)
  })

  it.each(['no-at-sign', 'a@b c', `${'a'.repeat(250)}@b.cd`, 'a@b\r\nBcc: c@d'])(
    'that is none (%.12j) is dropped',
    async (email) => {
      expect(await identityOf('naver', { email })).not.toHaveProperty('email')
    },
  )
})

describe('a nickname', () => {
  it.each([
    ['👩‍👩‍👧‍👦 가족', '👩‍👩‍👧‍👦 가족'],
    ['שלום', 'שלום'],
    ['\u202eevil\u202c', 'evil'],
    ['a\u0000b\r\nc', 'abc'],
    ['   ', undefined],
  ])('%j is suggested as %j', async (nickname, suggested) => {
    expect((await identityOf('naver', { nickname })).nickname).toBe(suggested)
  })

  it('of an issuer is never the e-mail address that people sign in with there', async () => {
    const named = async (names: object) => {
      room.simulated('acme').makeIdToken((claims) => ({ ...claims, email: 'a@b.c', ...names }))
      return (await room.login('acme')).identity.nickname
    }
    expect(await named({ preferred_username: 'bora@company.example' })).toBeUndefined()
    expect(await named({ preferred_username: 'bora' })).toBe('bora')
    expect(await named({ preferred_username: 'bora', name: 'Bora Kim' })).toBe('Bora Kim')
    room.simulated('acme').makeIdToken((claims) => claims)
  })

  it('is cut between characters', async () => {
    const { nickname } = await identityOf('kakao', { nickname: '😀'.repeat(1000) })
    expect(nickname).toBe('😀'.repeat(64))
  })
})

describe('a picture', () => {
  it.each(ids.filter((id) => id !== 'kakao'))('of %s is kept only over https', async (id) => {
    const picture = 'https://img.example/a.png'
    expect((await identityOf(id, { picture })).picture).toBe(picture)
    for (const bad of ['http://img.example/a.png', 'javascript:alert(1)', 'data:image/png;base64,AA', '//x'])
      expect(await identityOf(id, { picture: bad })).not.toHaveProperty('picture')
  })

  it('of Kakao is asked for over https', async () => {
    const picture = 'https://img.example/a.png'
    expect((await identityOf('kakao', { picture })).picture).toBe(picture)
    expect(room.simulated('kakao').requestsTo('userinfo').at(-1)?.query.get('secure_resource')).toBe('true')
  })
})

describe('a profile', () => {
  it.each<[string, string, Fault, ProviderFailure]>([
    [
      'naver',
      'another resultcode',
      faults.change((body) => ({ ...body, resultcode: '024' })),
      'profile-unusable',
    ],
    ['naver', 'no resultcode', faults.change(({ response }) => ({ response })), 'profile-unusable'],
    ['naver', 'no response', faults.change(() => ({ resultcode: '00' })), 'profile-unusable'],
    [
      'naver',
      'an empty id',
      faults.change((body) => ({ ...body, response: { id: '' } })),
      'profile-unusable',
    ],
    [
      'naver',
      'a number for an id',
      faults.change((body) => ({ ...body, response: { id: 7 } })),
      'profile-unusable',
    ],
    ['naver', '401 of the API', faults.answer(401, { resultcode: '024', message: 'x' }), 'profile-unusable'],
    [
      'naver',
      '401 of the gateway',
      faults.answer(401, { errorMessage: 'x', errorCode: '024' }),
      'profile-unusable',
    ],
    ['naver', '403: not switched on', faults.answer(403, { errorCode: '403' }), 'misconfigured'],
    ['naver', 'HTML', faults.answer(200, '<html>'), 'unavailable'],
    ['naver', '500', faults.answer(500), 'unavailable'],
    ['kakao', 'no id', faults.change(({ id: _, ...body }) => body), 'profile-unusable'],
    ['kakao', 'id 0', faults.change((body) => ({ ...body, id: 0 })), 'profile-unusable'],
    ['kakao', 'a fraction for an id', faults.change((body) => ({ ...body, id: 1.5 })), 'profile-unusable'],
    ['kakao', '-401', faults.answer(401, { msg: 'x', code: -401 }), 'profile-unusable'],
    ['kakao', '-402: scope', faults.answer(403, { msg: 'x', code: -402 }), 'misconfigured'],
    ['kakao', '-10: quota', faults.answer(400, { msg: 'x', code: -10 }), 'rate-limited'],
    ['kakao', '-1: internal', faults.answer(400, { msg: 'x', code: -1 }), 'unavailable'],
    ['kakao', '-9798: maintenance', faults.answer(503, { msg: 'x', code: -9798 }), 'unavailable'],
    ['kakao', 'an array', faults.answer(200, '[]'), 'unavailable'],
    [
      'acme',
      '401 with a challenge',
      faults.answer(401, '', { 'www-authenticate': 'Bearer' }),
      'profile-unusable',
    ],
    ['acme', '500', faults.answer(500), 'unavailable'],
    ['acme', 'HTML', faults.answer(200, '<html>'), 'unavailable'],
    ['acme', 'no subject', faults.change(({ sub: _, ...body }) => body), 'profile-unusable'],
  ])('of %s with %s is refused', async (id, _, fault, failure) => {
    room.simulated(id).fail('userinfo', fault)
    await expect(room.login(id)).rejects.toMatchObject({ name: 'ProviderError', failure })
  })

  it('of Google is the ID token alone', async () => {
    await room.login('google')
    expect(room.simulated('google').requestsTo('userinfo')).toEqual([])
  })

  it('of an issuer whose ID token says enough is not asked for', async () => {
    room.simulated('acme').makeIdToken((claims) => ({ ...claims, name: 'Bora' }))
    const before = room.simulated('acme').requestsTo('userinfo').length
    expect((await room.login('acme')).identity.nickname).toBe('Bora')
    expect(room.simulated('acme').requestsTo('userinfo').length).toBe(before)
    room.simulated('acme').makeIdToken((claims) => claims)
  })
})
