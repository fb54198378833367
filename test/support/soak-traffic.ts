import { once } from 'node:events'
import { Agent, type OutgoingHttpHeaders, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Member, Members } from './soak-members.ts'
import { type SteadyLoad, steadyLoad } from './steady-load.ts'

/** Calls a second, by kind, and how many long-lived connections there are at any time. */
export interface Mix {
  readonly reads: number
  readonly writes: number
  readonly vouched: number
  readonly files: number
  readonly sessions: number
  readonly comings: number
  readonly sockets: number
  readonly streams: number
}

export interface Traffic {
  /** Calls by kind. */
  readonly loads: Readonly<Record<string, SteadyLoad>>
  /** What went wrong. */
  readonly failures: () => readonly string[]
  /** Sockets and streams that came and went. */
  readonly visits: () => number
  stop(): Promise<void>
}

/** Everything that people do with a coatcheck on a port, all at once. */
export function startTraffic(port: number, members: Members, mix: Mix): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const origin = `http://localhost:${port}`
  const broken: string[] = []
  let visits = 0
  let going = true

  function call(
    path: string,
    { method = 'GET', body = '', headers = {} as OutgoingHttpHeaders } = {},
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const all = { host: `localhost:${port}`, 'sec-fetch-site': 'same-origin', ...headers }
      const sent = request({ host: '127.0.0.1', port, path, method, headers: all, agent }, (res) => {
        let text = ''
        res.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        res.once('error', reject).once('end', () => {
          if (res.statusCode === 200) resolve(text)
          else reject(new Error(`${method} ${path}: ${res.statusCode} ${text.slice(0, 200)}`))
        })
      })
      sent.once('error', (cause) => reject(new Error(`${method} ${path}: ${cause.message}`))).end(body)
    })
  }

  /** A call in somebody's name, whose answer has to contain `expected`. */
  async function callAs(path: string, expected: string, options: { method?: string; body?: string } = {}) {
    const member = members.any()
    member.busy += 1
    try {
      const headers = { cookie: member.cookie, 'content-type': 'text/plain' }
      const text = await call(path, { ...options, headers })
      if (!text.includes(expected)) throw new Error(`${path}: ${text.slice(0, 200)}`)
    } finally {
      member.busy -= 1
    }
  }

  const body = 'y'.repeat(2_000)
  let comings = 0
  let lane: Promise<void> = Promise.resolve()
  const loads = {
    reads: steadyLoad(mix.reads, () => callAs('/api/things', '"length":0')),
    writes: steadyLoad(mix.writes, () => callAs('/api/things', '"length":2000', { method: 'POST', body })),
    vouched: steadyLoad(mix.vouched, () => callAs('/vouched/things', '"length":0')),
    sessions: steadyLoad(mix.sessions, () => callAs('/auth/session', '"state":"member"')),
    files: steadyLoad(
      mix.files,
      async () => void (await call(`/asset-${Math.floor(Math.random() * 20)}.js`)),
    ),
    // One after the other: the simulated providers have one person at the desk.
    comings: steadyLoad(mix.comings, () => {
      comings += 1
      const next = comings % 3 === 0 ? () => members.newcomer() : () => members.returning()
      const done = lane.then(next)
      lane = done.catch(() => undefined)
      return done
    }),
  }

  /** Opens, stays for a while, goes, and begins again: as long as there is traffic. */
  async function keepVisiting(visit: (member: Member) => Promise<void>): Promise<void> {
    while (going) {
      const member = members.any()
      const { cookie } = member
      await visit(member).catch((error: unknown) => {
        // Who is signed out, or was meanwhile, has no sockets and streams.
        if (!member.leaving && member.cookie === cookie) broken.push(String(error))
      })
      visits += 1
      await sleep(100)
    }
  }

  const end = new AbortController()
  const stay = () =>
    sleep(2_000 + Math.random() * 18_000, undefined, { signal: end.signal }).catch(() => undefined)

  async function visitSocket({ cookie }: Member): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/live`, {
      headers: { cookie, origin, host: `localhost:${port}` },
    })
    const closed = once(socket, 'close').then(([code]) => Promise.reject(new Error(`socket closed: ${code}`)))
    closed.catch(() => undefined)
    try {
      await Promise.race([once(socket, 'open'), closed])
      socket.send('hello')
      await Promise.race([once(socket, 'message', { signal: AbortSignal.timeout(10_000) }), closed])
      await Promise.race([stay(), closed])
    } finally {
      socket.terminate()
    }
  }

  async function visitStream({ cookie }: Member): Promise<void> {
    const headers = { cookie, host: `localhost:${port}`, 'sec-fetch-site': 'same-origin' }
    const sent = request({ host: '127.0.0.1', port, path: '/api/events', headers, agent: false }).end()
    const broke = new Promise<never>((_, reject) => {
      sent.once('error', reject)
      sent.once('response', (res) => {
        if (res.statusCode !== 200) reject(new Error(`stream: ${res.statusCode}`))
        res.resume().once('close', () => reject(new Error('stream closed')))
      })
    })
    broke.catch(() => undefined)
    await Promise.race([stay(), broke]).finally(() => sent.destroy())
  }

  const visitors = [
    ...Array.from({ length: mix.sockets }, () => keepVisiting(visitSocket)),
    ...Array.from({ length: mix.streams }, () => keepVisiting(visitStream)),
  ]
  return {
    loads,
    failures: () => [...broken, ...Object.values(loads).flatMap(({ failures }) => failures)],
    visits: () => visits,
    async stop() {
      going = false
      end.abort()
      await Promise.all(Object.values(loads).map((load) => load.stop()))
      await Promise.all(visitors)
      agent.destroy()
    },
  }
}
