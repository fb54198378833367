import { describe, expect, it } from '@jest/globals'
import { type Anonymous, createClient, ProblemError, type Session } from '../../src/browser/client.ts'
import { fakeServer, member, problem } from './fake-server.ts'

function setUp() {
  const server = fakeServer()
  const went: string[] = []
  const ended: Anonymous[] = []
  const client = createClient({
    fetch: server.fetch,
    navigate: (url) => went.push(url),
    onSessionEnded: (session) => ended.push(session),
  })
  return { server, client, went, ended }
}

async function setUpMember() {
  const world = setUp()
  world.server.on('/auth/session', () => Response.json(member))
  await world.client.session.refresh()
  return world
}

async function failure(promise: Promise<unknown>): Promise<ProblemError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ProblemError)
  return error as ProblemError
}

describe('session', () => {
  it('is loading until the server was asked', async () => {
    const { client, server } = setUp()
    expect(client.session.get()).toEqual({ state: 'loading' })
    server.on('/auth/session', () => Response.json(member))
    await expect(client.session.refresh()).resolves.toEqual(member)
    expect(client.session.get()).toEqual(member)
  })

  it('tells its subscribers of changes, and only of changes', async () => {
    const { client, server } = setUp()
    const seen: Session[] = []
    const stop = client.session.subscribe((session) => seen.push(session))
    server.on('/auth/session', () => Response.json(member))
    await client.session.refresh()
    await client.session.refresh()
    expect(seen).toEqual([member])
    stop()
    server.on('/auth/session', () => Response.json({ state: 'anonymous' }))
    await client.session.refresh()
    expect(seen).toEqual([member])
  })

  it('is asked for once by many at a time', async () => {
    const { client, server } = setUp()
    server.on('/auth/session', () => Response.json(member))
    await Promise.all([client.session.refresh(), client.session.refresh(), client.session.refresh()])
    expect(server.count('/auth/session')).toBe(1)
  })

  it('is unavailable when the first look fails, and stays as it was when a later one does', async () => {
    const { client, server } = setUp()
    server.on('/auth/session', () => problem(503, 'session-store-unavailable'))
    expect((await failure(client.session.refresh())).code).toBe('session-store-unavailable')
    expect(client.session.get()).toEqual({ state: 'unavailable' })
    server.on('/auth/session', () => Response.json(member))
    await client.session.refresh()
    server.on('/auth/session', () => new Response('<h1>Bad gateway</h1>', { status: 502 }))
    await expect(client.session.refresh()).rejects.toThrow('502')
    expect(client.session.get()).toEqual(member)
  })

  it('does not come back by a look that was under way at sign-out', async () => {
    const { client, server } = await setUpMember()
    let answerLate = (_: Response) => {}
    server.on('/auth/session', () => new Promise((resolve) => (answerLate = resolve)))
    server.on('/auth/logout', () => Response.json({ redirectTo: '/' }))
    const look = client.session.refresh()
    await client.signOut()
    answerLate(Response.json(member))
    await look
    expect(client.session.get()).toMatchObject({ state: 'anonymous' })
  })

  it('is looked at again when the server closes a WebSocket with 4401', async () => {
    const { client, server, ended } = await setUpMember()
    const socket = new EventTarget()
    client.session.follow(Object.assign(socket, { send() {} }) as unknown as WebSocket)
    socket.dispatchEvent(Object.assign(new Event('close'), { code: 1001 }))
    expect(server.count('/auth/session')).toBe(1)
    server.on('/auth/session', () => Response.json({ state: 'anonymous', reason: 'ended-elsewhere' }))
    socket.dispatchEvent(Object.assign(new Event('close'), { code: 4401 }))
    await client.session.refresh()
    expect(server.count('/auth/session')).toBe(2)
    expect(ended).toEqual([{ state: 'anonymous', reason: 'ended-elsewhere' }])
  })
})

describe('signIn', () => {
  it('goes to the provider, and says where to come back to', () => {
    const { client, went } = setUp()
    client.signIn('kakao', { returnTo: '/a?b=c#d', intent: 'reauthenticate' })
    expect(went).toEqual(['/auth/login/kakao?returnTo=%2Fa%3Fb%3Dc%23d&intent=reauthenticate'])
  })

  it('comes back here unless told otherwise, with query and fragment', () => {
    const { client, went } = setUp()
    const page = globalThis as { location?: unknown }
    page.location = { pathname: '/notes', search: '?q=1', hash: '#two' }
    try {
      client.signIn('kakao')
    } finally {
      delete page.location
    }
    expect(went).toEqual(['/auth/login/kakao?returnTo=%2Fnotes%3Fq%3D1%23two'])
  })
})

describe('signUp', () => {
  it('makes the session a member and says where to go', async () => {
    const { client, server } = setUp()
    server.on('/auth/signup', () => Response.json({ ...member, returnTo: '/deep#link' }, { status: 201 }))
    await expect(client.signUp({ nickname: 'coat' })).resolves.toMatchObject({ returnTo: '/deep#link' })
    expect(client.session.get()).toEqual(member)
    expect(server.calls[0]).toMatchObject({ method: 'POST', body: { nickname: 'coat' } })
    expect(server.calls[0]?.headers.get('X-CSRF')).toBe('1')
  })

  it('fails with every field that is not valid', async () => {
    const { client, server } = setUp()
    const errors = [{ pointer: '/nickname', detail: 'too short' }]
    server.on('/auth/signup', () => problem(422, 'validation-failed', { errors }))
    expect(await failure(client.signUp({}))).toMatchObject({ status: 422, errors, requestId: 'r-1' })
    server.on('/auth/signup', () => problem(409, 'name-taken', { pointer: '/nickname' }))
    expect(await failure(client.signUp({}))).toMatchObject({
      code: 'name-taken',
      errors: [{ pointer: '/nickname', detail: 'title of name-taken' }],
    })
  })
})

describe('signOut', () => {
  it('ends the session here and is no surprise', async () => {
    const { client, server, ended, went } = await setUpMember()
    server.on('/auth/logout', () => Response.json({ redirectTo: '/' }))
    await expect(client.signOut({ everywhere: true })).resolves.toBe('/')
    expect(client.session.get()).toEqual({ state: 'anonymous', reason: 'signed-out' })
    expect(server.calls.at(-1)).toMatchObject({
      method: 'POST',
      url: '/auth/logout',
      body: { everywhere: true },
    })
    expect([ended, went]).toEqual([[], []])
  })

  it('goes on to the provider where that was asked for', async () => {
    const { client, server, went } = await setUpMember()
    server.on('/auth/logout', () => Response.json({ redirectTo: 'https://kauth.kakao.com/oauth/logout' }))
    await client.signOut({ provider: true })
    expect(went).toEqual(['https://kauth.kakao.com/oauth/logout'])
  })

  it('leaves the session as it is when the server could not end it', async () => {
    const { client, server } = await setUpMember()
    server.on('/auth/logout', () => problem(503, 'session-store-unavailable'))
    expect((await failure(client.signOut())).status).toBe(503)
    expect(client.session.get()).toEqual(member)
  })
})

describe('sessions', () => {
  it('lists them and ends them', async () => {
    const { client, server } = await setUpMember()
    const entry = {
      id: 's/2',
      current: false,
      provider: 'kakao',
      device: 'Chrome',
      createdAt: '',
      lastSeenAt: '',
    }
    server.on('/auth/sessions', () => Response.json({ sessions: [entry] }))
    await expect(client.sessions.list()).resolves.toEqual([entry])
    server.on('/auth/sessions/s%2F2', () => new Response(null, { status: 204 }))
    await client.sessions.end('s/2')
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', url: '/auth/sessions/s%2F2' })
    server.on('/auth/sessions', () => new Response(null, { status: 204 }))
    await client.sessions.endOthers()
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', url: '/auth/sessions' })
  })

  it('looks at the session when its own was ended', async () => {
    const { client, server } = await setUpMember()
    server.on('/auth/sessions/s-1', () => new Response(null, { status: 204 }))
    server.on('/auth/session', () => Response.json({ state: 'anonymous', reason: 'signed-out' }))
    await client.sessions.end('s-1')
    expect(client.session.get()).toMatchObject({ state: 'anonymous' })
  })
})

describe('fetch', () => {
  it('proves to our own origin that no other site made the call, and to nobody else', async () => {
    const { client, server } = setUp()
    server.on('/api/notes', () => Response.json([]))
    server.on('https://elsewhere.example/', () => Response.json([]))
    await client.fetch('/api/notes', { method: 'POST', headers: { Accept: 'text/plain' }, body: '{}' })
    await client.fetch('https://elsewhere.example/')
    expect(server.calls.map(({ headers }) => headers.get('X-CSRF'))).toEqual(['1', null])
    expect(server.calls[0]?.headers.get('Accept')).toBe('text/plain')
  })

  it("passes the API's own errors on as responses", async () => {
    const { client, server } = await setUpMember()
    server.on('/api/a', () => new Response('{"code":"session-required"}', { status: 401 }))
    server.on('/api/b', () =>
      Response.json(
        { type: 'https://api.example/problem', code: 'session-required', status: 401 },
        { status: 401, headers: { 'Content-Type': 'application/problem+json' } },
      ),
    )
    expect((await client.fetch('/api/a')).status).toBe(401)
    const response = await client.fetch('/api/b')
    expect(await response.json()).toMatchObject({ type: 'https://api.example/problem' })
    expect(server.count('/auth/session')).toBe(1)
  })

  it("throws coatcheck's errors with all they say", async () => {
    const { client, server } = setUp()
    server.on('/api/x', () =>
      problem(401, 'reauthentication-required', { loginUrl: '/login?intent=reauthenticate' }),
    )
    expect(await failure(client.fetch('/api/x'))).toMatchObject({
      name: 'ProblemError',
      message: 'title of reauthentication-required',
      status: 401,
      code: 'reauthentication-required',
      loginUrl: '/login?intent=reauthenticate',
      errors: [],
    })
  })

  it('looks once for any number of refused calls, and tells once that the session ended', async () => {
    const { client, server, ended } = await setUpMember()
    server.on('/api/x', () => problem(401, 'session-required', { loginUrl: '/login' }))
    server.on('/api/late', async () => {
      while (server.count('/auth/session') < 2) await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      return problem(401, 'session-required')
    })
    server.on('/auth/session', () => Response.json({ state: 'anonymous', reason: 'expired' }))
    const calls = [...Array.from({ length: 8 }, () => '/api/x'), '/api/late'].map((url) =>
      failure(client.fetch(url)),
    )
    const errors = await Promise.all(calls)
    expect(errors.map(({ code }) => code)).toEqual(Array(9).fill('session-required'))
    expect(server.count('/auth/session')).toBe(2)
    expect(ended).toEqual([{ state: 'anonymous', reason: 'expired' }])
  })

  it('calls again, once, when another tab had brought a newer ticket', async () => {
    const { client, server, ended } = await setUpMember()
    let refusals = 1
    server.on('/api/x', () => (refusals-- > 0 ? problem(401, 'session-required') : Response.json('ok')))
    expect(await (await client.fetch('/api/x')).json()).toBe('ok')
    refusals = 2
    expect((await failure(client.fetch('/api/x'))).code).toBe('session-required')
    expect(server.count('/api/x')).toBe(4)
    expect(ended).toEqual([])
  })

  it('does not call again with a body that is gone', async () => {
    const { client, server } = await setUpMember()
    server.on('/api/x', () => problem(401, 'session-required'))
    const body = new Blob(['x']).stream()
    await failure(client.fetch('/api/x', { method: 'POST', body, duplex: 'half' } as RequestInit))
    expect(server.count('/api/x')).toBe(1)
  })

  it('leaves failures of the network as they are', async () => {
    const { client, server } = setUp()
    await expect(client.fetch('/api/nowhere')).rejects.toThrow(TypeError)
    expect(server.count('/auth/session')).toBe(0)
  })
})
