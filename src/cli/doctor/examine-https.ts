import type { IncomingMessage } from 'node:http'
import { type Finding, ok, warning } from './finding.ts'
import { navigate } from './visit.ts'

const area = 'public url'
const yearSeconds = 31_536_000

/** What keeps people on https: HSTS on `answer`, and a redirect for those who come by plain http. */
export async function examineHttps(
  origin: string,
  answer: Pick<IncomingMessage, 'headers'>,
): Promise<readonly Finding[]> {
  const { hostname, port } = new URL(origin)
  const plain =
    port === ''
      ? await examinePlainHttp(`http://${hostname}/`)
      : ok(area, 'has a port of its own, where nobody comes by plain http')
  return [plain, examineTransport(answer)]
}

/** @param url where a browser goes that is given the name alone */
export async function examinePlainHttp(url: string): Promise<Finding> {
  const answer = await navigate(url).catch(() => undefined)
  if (answer === undefined) return ok(area, 'does not answer plain http')
  if (answer.headers.location?.startsWith('https://')) return ok(area, 'leads plain http to https')
  return warning(area, 'answers plain http', 'let the proxy in front redirect it to https')
}

// RFC 6797 §7.1: said over https, so that no later visit begins over http.
function examineTransport({ headers }: Pick<IncomingMessage, 'headers'>): Finding {
  const seconds = Number(/max-age=(\d+)/.exec(String(headers['strict-transport-security']))?.[1] ?? 0)
  if (seconds >= yearSeconds) return ok(area, 'asks browsers for https for a year or more (HSTS)')
  const advice = 'let the proxy in front set Strict-Transport-Security: max-age=31536000, or leave ours alone'
  return warning(area, 'does not ask browsers for https for a year (HSTS)', advice)
}
