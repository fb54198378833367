/** A server in a function: says what a path answers, and remembers what it was asked. */
export interface FakeServer {
  readonly fetch: typeof globalThis.fetch
  readonly calls: {
    readonly method: string
    readonly url: string
    readonly headers: Headers
    readonly body: unknown
  }[]
  /** Answers every call to a path with this, until told otherwise. */
  on(path: string, answer: () => Response | Promise<Response>): void
  count(path: string): number
}

export function fakeServer(): FakeServer {
  const answers = new Map<string, () => Response | Promise<Response>>()
  const calls: { method: string; url: string; headers: Headers; body: unknown }[] = []
  return {
    calls,
    on: (path, answer) => answers.set(path, answer),
    count: (path) => calls.filter(({ url }) => url === path).length,
    async fetch(input, init) {
      const url = String(input)
      const body = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined
      calls.push({ method: init?.method ?? 'GET', url, headers: new Headers(init?.headers), body })
      await Promise.resolve()
      const answer = answers.get(url)
      if (!answer) throw new TypeError(`network: ${url}`)
      return answer()
    },
  }
}

export function problem(status: number, code: string, members: object = {}): Response {
  const body = {
    type: `urn:coatcheck:problem:${code}`,
    title: `title of ${code}`,
    status,
    code,
    requestId: 'r-1',
    ...members,
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json; charset=utf-8' },
  })
}

export const member = {
  state: 'member',
  user: { id: 'u-1', nickname: 'coat' },
  provider: 'kakao',
  expiresAt: '2026-01-02T00:00:00.000Z',
  absoluteExpiresAt: '2026-01-15T00:00:00.000Z',
  sessionId: 's-1',
} as const
