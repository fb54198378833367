import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty: the trace begins here. */
  readonly parentId: string
  readonly state: string
  readonly name: string
  readonly kind: 'server' | 'client' | 'other'
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly failed: boolean
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly durationMs: number
}

/** An OpenTelemetry collector, as far as an exporter can tell: OTLP over HTTP, protobuf. */
export interface Collector {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** Every byte that came, and every header. */
  readonly received: string
  /** Waits for one that fits. */
  span(fits: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>
  close(): void
}

export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const bodies: Buffer[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    headers.push(req.headers)
    bodies.push(body)
    if (req.url === '/v1/traces') spans.push(...spansIn(body))
    res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get received() {
      return JSON.stringify(headers) + bodies.map((body) => body.toString('latin1')).join('\n')
    },
    async span(fits) {
      const deadline = performance.now() + 5_000
      for (;;) {
        const found = spans.find(fits)
        if (found) return found
        if (performance.now() > deadline)
          throw new Error(`no such span among ${spans.map(({ name }) => name).join(', ')}`)
        await sleep(20)
      }
    },
    close: () => void server.close(),
  }
}

/** ExportTraceServiceRequest, as opentelemetry-proto numbers its fields. */
function spansIn(body: Buffer): ReceivedSpan[] {
  return all(body, 1).flatMap((resourceSpans) => {
    const resource = attributesIn(all(all(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1))
    return all(resourceSpans, 2)
      .flatMap((scopeSpans) => all(scopeSpans, 2))
      .map((span) => spanIn(span, resource))
  })
}

function spanIn(span: Buffer, resource: ReceivedSpan['resource']): ReceivedSpan {
  const hex = (field: number) => all(span, field)[0]?.toString('hex') ?? ''
  const text = (field: number) => all(span, field)[0]?.toString() ?? ''
  const time = (field: number) => Number(fieldsOf(span).find(([number]) => number === field)?.[1] ?? 0)
  const kind = Number(fieldsOf(span).find(([number]) => number === 6)?.[1])
  const status = all(span, 15)[0]
  return {
    traceId: hex(1),
    spanId: hex(2),
    state: text(3),
    parentId: hex(4),
    name: text(5),
    kind: kind === 2 ? 'server' : kind === 3 ? 'client' : 'other',
    attributes: attributesIn(all(span, 9)),
    failed: status !== undefined && fieldsOf(status).some(([number, value]) => number === 3 && value === 2n),
    resource,
    durationMs: (time(8) - time(7)) / 1e6,
  }
}

function attributesIn(pairs: readonly Buffer[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [number, value] = fieldsOf(all(pair, 2)[0] ?? Buffer.alloc(0))[0] ?? []
      const read = number === 1 ? String(value) : number === 2 ? value === 1n : Number(value)
      return [all(pair, 1)[0]?.toString() ?? '', read]
    }),
  )
}

const all = (message: Buffer, field: number): Buffer[] =>
  fieldsOf(message).flatMap(([number, value]) => (number === field && Buffer.isBuffer(value) ? [value] : []))

/** https://protobuf.dev/programming-guides/encoding/ */
function fieldsOf(message: Buffer): [number: number, value: bigint | Buffer][] {
  const fields: [number, bigint | Buffer][] = []
  let at = 0
  function varint(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] as number
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = Number(varint())
    const type = tag & 7
    if (type === 0) fields.push([tag >> 3, varint()])
    else if (type === 1) {
      fields.push([tag >> 3, message.readBigUInt64LE(at)])
      at += 8
    } else if (type === 5) {
      fields.push([tag >> 3, BigInt(message.readUInt32LE(at))])
      at += 4
    } else {
      const length = Number(varint())
      fields.push([tag >> 3, message.subarray(at, at + length)])
      at += length
    }
  }
  return fields
}
