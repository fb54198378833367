import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** How calls ended, as their clients saw it. */
export interface Seen {
  whole: number
  /** 502 and 504. */
  problems: number
  /** An answer that everybody sees is broken. */
  broken: number
  /** The client has left. */
  left: number
  /** What must not be: an answer that looks whole and is not, or any other. */
  wrong: string[]
}

export interface SoakOptions {
  readonly port: number
  /** Answered at once. */
  readonly path: string
  /** Never answered. */
  readonly silentPath: string
  readonly headers: Readonly<Record<string, string>>
  /** The body of a whole answer. */
  readonly body: string
  readonly callers: number
}

type Ending = Exclude<keyof Seen, 'wrong'> | { readonly wrong: string }

/** Callers that call, and then rest as long as their call took: half of what they could. */
export function startSoak(options: SoakOptions): { readonly seen: Seen; stop(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: options.callers })
  const seen: Seen = { whole: 0, problems: 0, broken: 0, left: 0, wrong: [] }
  let calls = 0
  let stopped = false

  /** In turn: most on HTTP/1.1, every tenth on HTTP/1.0; every fiftieth leaves, every second of these where no answer would come. */
  function nextCall(): Promise<Ending> {
    calls += 1
    const silent = { ...options, path: options.silentPath }
    if (calls % 2000 === 1) return call(silent, agent)
    if (calls % 100 === 0) return leave(silent, 1 + ((calls / 100) % 8))
    if (calls % 50 === 0) return leave(options, ((calls - 50) / 100) % 8)
    return calls % 10 === 5 ? callOnce(options) : call(options, agent)
  }

  async function keepCalling(): Promise<void> {
    while (!stopped) {
      const startedAt = performance.now()
      const ending = await nextCall()
      if (typeof ending === 'string') seen[ending] += 1
      else seen.wrong.push(ending.wrong)
      await pause(performance.now() - startedAt)
    }
  }

  const all = Promise.all(Array.from({ length: options.callers }, keepCalling))
  return {
    seen,
    async stop() {
      stopped = true
      await all
      agent.destroy()
    },
  }
}

function call({ port, path, headers, body }: SoakOptions, agent: Agent): Promise<Ending> {
  return new Promise((resolve) => {
    const req = httpRequest({ host: '127.0.0.1', port, path, headers, agent }, (res) => {
      let text = ''
      res.setEncoding('latin1').on('data', (chunk) => {
        text += chunk
      })
      // An `end` comes only where the framing says so.
      res.on('end', () => resolve(judge(res.statusCode ?? 0, text, body)))
      res.on('error', () => resolve('broken'))
    })
    req.on('error', (error) => resolve({ wrong: `no answer: ${error}` }))
    req.end()
  })
}

/** HTTP/1.0: the connection's end is the answer's end, if it has no length. */
function callOnce({ port, path, headers, body }: SoakOptions): Promise<Ending> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head('1.0', path, headers)))
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => {
      const [lines = '', ...rest] = text.split('\r\n\r\n')
      const received = rest.join('\r\n\r\n')
      const length = /^content-length: (\d+)$/im.exec(lines)?.[1]
      if (length !== undefined && received.length < Number(length)) resolve('broken')
      else resolve(judge(Number(lines.slice(9, 12)), received, body))
    })
    socket.on('error', () => resolve('broken'))
  })
}

function judge(status: number, text: string, body: string): Ending {
  if (status === 200 && text === body) return 'whole'
  const isProblem =
    (status === 502 || status === 504) && text.startsWith('{"type":"urn:coatcheck:problem:upstream-')
  return isProblem ? 'problems' : { wrong: `${status} with ${text.length} bytes: ${text.slice(0, 200)}` }
}

/** Leaves after so many milliseconds, or with the first bytes of the answer. */
async function leave({ port, path, headers }: SoakOptions, afterMs: number): Promise<Ending> {
  const socket = connect(port, '127.0.0.1', () => socket.write(head('1.1', path, headers)))
  socket.on('error', () => undefined)
  await new Promise((resolve) => {
    if (afterMs > 0) setTimeout(resolve, afterMs)
    socket.once('data', resolve).once('close', resolve)
  })
  if (afterMs % 2 === 0) socket.destroy()
  else socket.resetAndDestroy()
  return 'left'
}

function head(version: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[`GET ${path} HTTP/${version}`, ...lines].join('\r\n')}\r\n\r\n`
}
