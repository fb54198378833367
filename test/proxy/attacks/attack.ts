/**
 * An attack as bytes on the wire. `ID` stands for the case's own mark, by which the upstream's records are told apart;
 * `SIZE` for the length of the hidden request.
 */
export interface Attack {
  readonly what: string
  readonly bytes: string
  /** How the first answer may look; `closed`: no answer at all. */
  readonly answers: readonly (number | 'closed')[]
  /** The requests that the gate means to let through: `METHOD /path body`. */
  readonly reaches: readonly string[]
  /** Or none of them does: what came behind a good request ended the connection before it was on its way. */
  readonly orNone?: boolean
  /** Header names beside the usual ones that the gate means to let through. */
  readonly also?: RegExp
}

export const origin = 'https://app.example'
export const here = 'Sec-Fetch-Site: same-origin'
export const cookie = 'Cookie: session=t1'
export const host = 'Host: app.example'
/** What every good request of a signed-in member has. */
export const member = [host, cookie, here]

export interface Parts {
  readonly line?: string
  readonly headers?: readonly string[]
  readonly body?: string
  /** Instead of Host, cookie and Sec-Fetch-Site. */
  readonly base?: readonly string[]
}

/** A member's request, with something wrong about it. */
export function request({
  line = 'GET /api/ID HTTP/1.1',
  headers = [],
  body = '',
  base = member,
}: Parts): string {
  return `${[line, ...base, ...headers].join('\r\n')}\r\n\r\n${body}`
}

export const post = 'POST /api/ID HTTP/1.1'
/** What an attacker would like the upstream to take for a request of its own. */
export const hidden = request({ line: 'GET /api/ID-smuggled HTTP/1.1' })

export function refused(what: string, parts: Parts, answers: Attack['answers'] = [400]): Attack {
  return { what, bytes: request(parts), answers, reaches: [] }
}

export function passed(
  what: string,
  parts: Parts,
  reaches: readonly string[] = ['GET /api/ID'],
  also?: RegExp,
): Attack {
  return { what, bytes: request(parts), answers: [200], reaches, ...(also && { also }) }
}

/** The bytes of an attack with its own mark. */
export function marked(text: string, id: string): string {
  return text.replaceAll('ID', id).replaceAll('SIZE', String(hidden.replaceAll('ID', id).length))
}
