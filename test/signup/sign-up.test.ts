import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { DirectoryUnavailable } from '../../src/users/directory.ts'
import { createRoom, type Room, type Visitor } from './room.ts'

let room: Room
beforeEach(async () => {
  room = await createRoom()
})
afterEach(() => room.close())

const kim = { nickname: '김철수', characterName: '둘리' }

function signUp(visitor: Visitor | undefined, body: unknown = kim, in_ = room) {
  const call = request(in_.app).post('/auth/signup').set('Sec-Fetch-Site', 'same-origin')
  if (visitor) call.set('Cookie', visitor.cookie)
  return call
    .set('Content-Type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

async function member(body: object = kim): Promise<Visitor> {
  return room.after(await signUp(await room.vouchedFor(), body).expect(201))
}

describe('sign-up', () => {
  it('makes a user and a member session with a new ticket', async () => {
    const visitor = await room.vouchedFor()
    const answer = await signUp(visitor).expect(201)
    const { user } = answer.body
    expect(answer.body).toEqual({
      state: 'member',
      user: { id: expect.any(String), ...kim },
      provider: 'kakao',
      expiresAt: expect.any(String),
      absoluteExpiresAt: expect.any(String),
      sessionId: expect.any(String),
      returnTo: '/notes?page=2#last',
    })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect((await room.users.directory.find(user.id))?.profile).toEqual(kim)
    expect(room.after(answer).cookie).not.toBe(visitor.cookie)
    // ASVS V7.2.4: the ticket of before is dead.
    expect(await room.sessionOf(visitor)).toBeUndefined()
    const open = await room.sessionOf(room.after(answer))
    expect(open?.session).toMatchObject({
      state: 'member',
      user: { id: user.id, profile: kim },
      grant: { accessToken: 'the provider’s' },
      tokens: { api: { token: `${open?.handle} as 김철수` } },
    })
  })

  it('stores text normalised and trimmed', async () => {
    const answer = await signUp(await room.vouchedFor(), { nickname: '  ｋｉｍ ', characterName: 'ㄱㅏ' })
    expect(answer.body.user).toMatchObject({ nickname: 'kim', characterName: '가' })
  })

  it('asks a stranger to sign in first', async () => {
    const { body } = await signUp(undefined).expect(401)
    expect(body.code).toBe('session-required')
  })

  it('is over for a member', async () => {
    const { body } = await signUp(await member(), { nickname: 'other', characterName: 'x' }).expect(409)
    expect(body.code).toBe('already-member')
  })

  it('wants a proof of where the request comes from, after the state', async () => {
    // GET /auth/… of an attacker's page cannot send X-CSRF; a form without Origin is some old browser's.
    const anonymous = await request(room.app).post('/auth/signup').send(kim).expect(401)
    expect(anonymous.body.code).toBe('session-required')
    const visitor = await room.vouchedFor()
    const bare = await request(room.app)
      .post('/auth/signup')
      .set('Cookie', visitor.cookie)
      .send(kim)
      .expect(403)
    expect(bare.body.code).toBe('cross-site-request')
    await request(room.app)
      .post('/auth/signup')
      .set('Cookie', visitor.cookie)
      .set('X-CSRF', '1')
      .send(kim)
      .expect(201)
  })

  it.each([
    ['nothing', ''],
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"kim"'],
    ['half an object', '{"nickname":'],
  ])('refuses %s for a body', async (_, body) => {
    const answer = await signUp(await room.vouchedFor(), body).expect(400)
    expect(answer.body.code).toBe('invalid-request')
  })

  it('refuses a body of another type, and a compressed one', async () => {
    const visitor = await room.vouchedFor()
    const form = await request(room.app)
      .post('/auth/signup')
      .set({ Cookie: visitor.cookie, 'X-CSRF': '1' })
      .type('form')
      .send(kim)
    expect([form.status, form.body.code]).toEqual([400, 'invalid-request'])
    const packed = await request(room.app)
      .post('/auth/signup')
      .set({ Cookie: visitor.cookie, 'X-CSRF': '1', 'Content-Encoding': 'gzip' })
      .type('json')
      .serialize((bytes) => bytes)
      .send(gzipSync(JSON.stringify(kim)))
    expect([packed.status, packed.body.code]).toEqual([400, 'invalid-request'])
  })

  it('refuses a body above 16 KB', async () => {
    const { body } = await signUp(await room.vouchedFor(), { ...kim, nickname: 'x'.repeat(20_000) }).expect(
      413,
    )
    expect(body.code).toBe('payload-too-large')
  })

  it('names every field that is not valid, at once', async () => {
    const { body } = await signUp(await room.vouchedFor(), { nickname: 'x', role: 'admin', 'a/b': 1 }).expect(
      422,
    )
    expect(body).toMatchObject({ code: 'validation-failed', status: 422 })
    expect(body.errors.toSorted(byPointer)).toEqual([
      { pointer: '/a~1b', detail: 'There is no such field.' },
      { pointer: '/characterName', detail: 'This is required.' },
      { pointer: '/nickname', detail: 'Use at least 2 characters.' },
      { pointer: '/role', detail: 'There is no such field.' },
    ])
  })

  it('says so in Korean to who reads Korean', async () => {
    const answer = await signUp(await room.vouchedFor(), { nickname: 'x'.repeat(21) })
      .set('Accept-Language', 'ko-KR,ko;q=0.9,en-US;q=0.8')
      .expect(422)
    expect(answer.headers['content-language']).toBe('ko')
    expect(answer.body.errors.toSorted(byPointer)).toEqual([
      { pointer: '/characterName', detail: '필수 항목입니다.' },
      { pointer: '/nickname', detail: '20자 이하로 입력해 주세요.' },
    ])
  })

  it('takes a prototype for a field like any other', async () => {
    const text = '{"nickname":"kim","characterName":"x","__proto__":{"admin":true},"constructor":1}'
    const { body } = await signUp(await room.vouchedFor(), text).expect(422)
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      '/__proto__',
      '/constructor',
    ])
  })

  it('survives a body of brackets', async () => {
    const text = `{"nickname":${'['.repeat(7000)}${']'.repeat(7000)},"characterName":"x"}`
    const { body } = await signUp(await room.vouchedFor(), text).expect(422)
    expect(body.errors[0].pointer).toMatch(/^\/nickname/)
  })

  it('tells which name is taken, whatever its case', async () => {
    await member({ nickname: 'Kim', characterName: 'x' })
    const { body } = await signUp(await room.vouchedFor(), { nickname: 'kIM', characterName: 'y' }).expect(
      409,
    )
    expect(body).toMatchObject({ code: 'name-taken', pointer: '/nickname' })
  })

  it('lets one of 20 people have the name that all want at once', async () => {
    const visitors = await Promise.all(Array.from({ length: 20 }, () => room.vouchedFor()))
    const statuses = (await Promise.all(visitors.map((visitor) => signUp(visitor)))).map(
      ({ status }) => status,
    )
    expect(statuses.toSorted()).toEqual([201, ...Array(19).fill(409)])
  })

  it('makes one user of a double click, two tabs and two devices', async () => {
    const one = await room.vouchedFor({ subject: 'same' })
    const two = await room.vouchedFor({ subject: 'same' })
    const answers = await Promise.all([
      signUp(one),
      signUp(one),
      signUp(two),
      signUp(two, { ...kim, nickname: 'b2' }),
    ])
    const ids = answers.filter(({ status }) => status === 201).map(({ body }) => body.user.id)
    expect(new Set(ids).size).toBe(1)
    expect(await room.users.administration.all({ limit: 10, offset: 0 })).toHaveLength(1)
    // The second click of one browser may find its session gone already: then it has the other answer's ticket.
    for (const { status } of answers) expect([201, 401]).toContain(status)
  })

  it('lets in who signed up elsewhere meanwhile, as they are', async () => {
    const late = await room.vouchedFor({ subject: 'same' })
    await signUp(await room.vouchedFor({ subject: 'same' })).expect(201)
    const { body } = await signUp(late, { nickname: 'other', characterName: 'y' }).expect(201)
    expect(body.user).toMatchObject(kim)
  })

  it('lets in nobody who has been disabled meanwhile', async () => {
    const late = await room.vouchedFor({ subject: 'same' })
    const { body } = await signUp(await room.vouchedFor({ subject: 'same' })).expect(201)
    await room.users.administration.setDisabled(body.user.id, true)
    expect((await signUp(late).expect(401)).body.code).toBe('session-required')
    expect(await room.sessionOf(late)).toBeUndefined()
  })

  it('answers 405 to other methods', async () => {
    const answer = await request(room.app).get('/auth/signup').expect(405)
    expect(answer.headers['allow']).toBe('POST')
    await request(room.app).put('/auth/user').expect(405)
    await request(room.app).post('/auth/signup/availability').expect(405)
  })
})

describe('sign-up while something is away', () => {
  it('answers 503 without the directory, and leaves the session as it is', async () => {
    const away = async () => {
      throw new DirectoryUnavailable()
    }
    const broken = await createRoom({
      directory: { find: away, create: away, update: away, available: away },
    })
    const visitor = await broken.vouchedFor()
    const answer = await signUp(visitor, kim, broken).expect(503)
    expect(answer.body.code).toBe('user-directory-unavailable')
    expect(answer.headers['retry-after']).toBeDefined()
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect((await broken.sessionOf(visitor))?.session.state).toBe('registering')
    await broken.close()
  })

  it('is not found once sign-up is closed', async () => {
    const closed = await createRoom({ closed: true })
    await signUp(await closed.vouchedFor(), kim, closed).expect(404)
    await closed.close()
  })
})

describe('availability', () => {
  const ask = (visitor: Visitor | undefined, query: string) => {
    const call = request(room.app).get(`/auth/signup/availability${query}`)
    return visitor ? call.set('Cookie', visitor.cookie) : call
  }

  it('tells whether a name is free', async () => {
    const visitor = await room.vouchedFor()
    const free = await ask(visitor, '?nickname=kim').expect(200)
    expect(free.body).toEqual({ available: true })
    expect(free.headers['cache-control']).toBe('no-store')
    await member({ nickname: 'Kim', characterName: 'x' })
    expect((await ask(visitor, '?nickname=%20kIm').expect(200)).body).toEqual({ available: false })
  })

  it('counts a member’s own name as free', async () => {
    expect((await ask(await member({ ...kim, nickname: 'kim' }), '?nickname=KIM')).body).toEqual({
      available: true,
    })
  })

  it('asks a stranger to sign in first', async () => {
    expect((await ask(undefined, '?nickname=kim').expect(401)).body.code).toBe('session-required')
  })

  it('says what is wrong with a name that nobody can have', async () => {
    const { body } = await ask(await room.vouchedFor(), '?nickname=x').expect(422)
    expect(body.errors).toEqual([{ pointer: '/nickname', detail: 'Use at least 2 characters.' }])
  })

  it.each(['', '?', '?characterName=x', '?toString=x', '?nickname=kim&nickname=lee', '?nickname=kim&x=1'])(
    'refuses the query “%s”',
    async (query) => {
      expect((await ask(await room.vouchedFor(), query).expect(400)).body.code).toBe('invalid-request')
    },
  )
})

describe('a change of profile', () => {
  const change = (visitor: Visitor | undefined, body: object) => {
    const call = request(room.app).patch('/auth/user').set('Sec-Fetch-Site', 'same-origin')
    return (visitor ? call.set('Cookie', visitor.cookie) : call).send(body)
  }

  it('changes what is sent and leaves the rest, and issues the token anew', async () => {
    const visitor = await member()
    const { body } = await change(visitor, { nickname: ' Lee ' }).expect(200)
    expect(body).toMatchObject({ state: 'member', user: { nickname: 'Lee', characterName: '둘리' } })
    expect((await room.users.directory.find(body.user.id))?.profile).toEqual({ ...kim, nickname: 'Lee' })
    const open = await room.sessionOf(visitor)
    expect(open?.session).toMatchObject({
      user: { profile: { nickname: 'Lee' } },
      tokens: { api: { token: `${open?.handle} as Lee` } },
    })
  })

  it('judges the whole', async () => {
    const visitor = await member()
    const { body } = await change(visitor, { nickname: null, characterName: '', extra: 1 }).expect(422)
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      '/characterName',
      '/extra',
      '/nickname',
    ])
    expect((await room.sessionOf(visitor))?.session).toMatchObject({ user: { profile: kim } })
  })

  it('does not give away another’s name', async () => {
    await member({ nickname: 'lee', characterName: 'x' })
    const { body } = await change(await member(), { nickname: 'LEE' }).expect(409)
    expect(body).toMatchObject({ code: 'name-taken', pointer: '/nickname' })
  })

  it('is for members: 401 for strangers, 403 for who has not signed up, and wants a proof', async () => {
    expect((await change(undefined, {}).expect(401)).body.code).toBe('session-required')
    expect((await change(await room.vouchedFor(), {}).expect(403)).body.code).toBe('sign-up-required')
    const { cookie } = await member()
    const bare = await request(room.app).patch('/auth/user').set('Cookie', cookie).send({}).expect(403)
    expect(bare.body.code).toBe('cross-site-request')
  })

  it('keeps what another session of theirs has changed', async () => {
    const phone = room.after(await signUp(await room.vouchedFor({ subject: 'same' })).expect(201))
    const tablet = room.after(await signUp(await room.vouchedFor({ subject: 'same' })).expect(201))
    await change(phone, { nickname: 'lee' }).expect(200)
    const { body } = await change(tablet, { characterName: 'x' }).expect(200)
    expect(body.user).toMatchObject({ nickname: 'lee', characterName: 'x' })
  })

  it('is refused to a user who is gone or disabled', async () => {
    const visitor = await member()
    const id = ((await change(visitor, {}).expect(200)).body as { user: { id: string } }).user.id
    await room.users.administration.setDisabled(id, true)
    await change(visitor, {}).expect(401)
    await room.users.administration.delete(id)
    await change(visitor, {}).expect(401)
  })
})

function byPointer(a: { readonly pointer: string }, b: { readonly pointer: string }): number {
  return a.pointer < b.pointer ? -1 : 1
}
