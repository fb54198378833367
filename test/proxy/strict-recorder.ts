import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** A request as it stood on the wire. */
export interface Recorded {
  readonly method: string
  readonly url: string
  /** In the order and spelling of the wire. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** An upstream that writes down what reaches it, byte by byte, and takes nothing but the plainest HTTP/1.1 for a request. */
export interface StrictRecorder extends AsyncDisposable {
  readonly url: string
  readonly host: string
  /** In the order of their last bytes. */
  readonly requests: readonly Recorded[]
  /** What was no request, and why. */
  readonly violations: readonly string[]
  /** What it answers, latin1. */
  answer: (request: Recorded) => string
}

const plainAnswer =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"hello":"world"}'
const requestLine = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/
const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t\x20-\x7e\x80-\xff]*)$/

export async function startStrictRecorder(): Promise<StrictRecorder> {
  const requests: Recorded[] = []
  const violations: string[] = []
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      try {
        for (let read = readRequest(text); read; read = readRequest(text)) {
          text = text.slice(read.length)
          requests.push(read.request)
          socket.write(recorder.answer(read.request), 'latin1')
        }
      } catch (error) {
        violations.push(`${(error as Error).message}: ${JSON.stringify(text)}`)
        socket.destroy()
      }
    })
    // Half a body is a request that was cut. Half a head is something that nobody should have sent.
    socket.on('close', () => {
      if (text !== '' && !text.includes('\r\n\r\n')) violations.push(`half a head: ${JSON.stringify(text)}`)
    })
  })
  server.unref().on('connection', (socket) => socket.unref())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  const host = `127.0.0.1:${address.port}`
  const recorder: StrictRecorder = {
    url: `http://${host}`,
    host,
    requests,
    violations,
    answer: () => plainAnswer,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return recorder
}

interface Read {
  readonly request: Recorded
  /** How many characters it has. */
  readonly length: number
}

/** The first request of `text`; undefined while it is not whole. @throws Error for anything else */
function readRequest(text: string): Read | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const [, method, url] = requestLine.exec(first) ?? []
  if (method === undefined || url === undefined) throw new Error('no request line')
  const fields = lines.map((line): [string, string] => {
    const [, name, value] = field.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no field: ${JSON.stringify(line)}`)
    return [name, value]
  })
  const body = readBody(text.slice(end + 4), fields)
  if (!body) return undefined
  return { request: { method, url, fields, body: body.text }, length: end + 4 + body.length }
}

function readBody(
  text: string,
  fields: readonly (readonly [string, string])[],
): { text: string; length: number } | undefined {
  const valuesOf = (wanted: string) =>
    fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))
  const lengths = valuesOf('content-length')
  const codings = valuesOf('transfer-encoding')
  if (lengths.length + codings.length > 1) throw new Error('more than one framing')
  const [length] = lengths
  if (length !== undefined) {
    if (!/^(?:0|[1-9]\d*)$/.test(length)) throw new Error(`a length of ${length}`)
    const count = Number(length)
    return text.length < count ? undefined : { text: text.slice(0, count), length: count }
  }
  if (codings.length === 0) return { text: '', length: 0 }
  if (codings[0] !== 'chunked') throw new Error(`a coding of ${codings[0]}`)
  return readChunks(text)
}

function readChunks(text: string): { text: string; length: number } | undefined {
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = text.slice(at, lineEnd)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) throw new Error(`a chunk size of ${JSON.stringify(size)}`)
    const begin = lineEnd + 2
    const count = Number.parseInt(size, 16)
    if (text.length < begin + count + 2) return undefined
    if (text.slice(begin + count, begin + count + 2) !== '\r\n')
      throw new Error(count === 0 ? 'a trailer' : 'a chunk without an end')
    body += text.slice(begin, begin + count)
    at = begin + count + 2
    if (count === 0) return { text: body, length: at }
  }
}
