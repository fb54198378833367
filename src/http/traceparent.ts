import type { IncomingHttpHeaders } from 'node:http'

/** Who called us in a trace (W3C Trace Context §3.2). */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Eight bits; the lowest: sampled. */
  readonly flags: number
}

const wellFormed = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** undefined: absent, or nothing that Trace Context allows. Versions after 00 may have more behind what 00 has (§4.3). */
export function parseTraceParent(text: string | string[] | undefined): TraceParent | undefined {
  const [, version, traceId, spanId, flags, more] = (typeof text === 'string' && wellFormed.exec(text)) || []
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined))
    return undefined
  return { traceId, spanId, flags: Number.parseInt(flags as string, 16) }
}

/** §3.3.1.1: without a parent that can be read, no state either. Several fields come as one, or as a list of Node's. */
export function hasUnreadableTrace({ traceparent, tracestate }: IncomingHttpHeaders): boolean {
  if (traceparent === undefined && tracestate === undefined) return false
  return parseTraceParent(traceparent) === undefined
}

export function isTraceHeader(name: string): boolean {
  return /^trace(?:parent|state)$/i.test(name)
}
