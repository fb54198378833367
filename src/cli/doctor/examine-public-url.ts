import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { Config } from '../../config/config.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { explainFailure } from './network-failure.ts'

const area = 'public url'
const patienceMs = 5_000

/** Looks at PUBLIC_URL as a browser would, through whatever stands in front: is it us, and does what we say arrive? */
export async function examinePublicUrl({
  public: { origin, secure },
  providers,
}: Config): Promise<readonly Finding[]> {
  try {
    const session = await navigate(`${origin}/auth/session`)
    if (session.statusCode === 308 && session.headers.location === `${origin}/auth/session`) {
      const advice =
        'let the proxy in front pass Host on as it came (nginx: proxy_set_header Host $http_host)'
      return [
        failed(area, 'redirects to itself for ever: Host does not arrive as the browser sent it', advice),
      ]
    }
    if (session.statusCode !== 200 || session.headers['cache-control'] !== 'no-store') {
      const seen = `${origin}/auth/session answers ${session.statusCode}, and not as coatcheck does`
      return [failed(area, seen, 'check that it leads to a running coatcheck')]
    }
    const [login] = providers
    return [
      ok(area, `${origin} leads to coatcheck`),
      ...(login ? examineCookie(await navigate(`${origin}/auth/login/${login.id}`), secure) : []),
      ...(secure ? [await examinePlainHttp(origin), examineTransport(session)] : []),
    ]
  } catch (error) {
    const { seen, advice } = explainFailure(error)
    return [failed(area, `${origin}: ${seen}`, advice)]
  }
}

function examineCookie({ headers }: IncomingMessage, secure: boolean): readonly Finding[] {
  const [cookie] = headers['set-cookie'] ?? []
  if (cookie === undefined)
    return [warning(area, 'a login sets no cookie', 'look at what the providers’ lines say')]
  const intact =
    /; *HttpOnly/i.test(cookie) &&
    !/; *Domain=/i.test(cookie) &&
    (!secure || (/^__Host-/.test(cookie) && /; *Secure/i.test(cookie)))
  if (intact) return [ok(area, 'cookies arrive with their attributes')]
  return [failed(area, 'cookies arrive changed', 'let the proxy in front leave Set-Cookie alone')]
}

// RFC 6797 §7.1: said over https, so that no later visit begins over http.
function examineTransport({ headers }: IncomingMessage): Finding {
  const seconds = Number(/max-age=(\d+)/.exec(String(headers['strict-transport-security']))?.[1] ?? 0)
  if (seconds >= 31_536_000) return ok(area, 'asks browsers for https for a year or more (HSTS)')
  const advice = 'let the proxy in front set Strict-Transport-Security: max-age=31536000, or leave ours alone'
  return warning(area, 'does not ask browsers for https for a year (HSTS)', advice)
}

async function examinePlainHttp(origin: string): Promise<Finding> {
  const { hostname, port } = new URL(origin)
  if (port !== '') return ok(area, 'has a port of its own, where nobody comes by plain http')
  const answer = await navigate(`http://${hostname}/`).catch(() => undefined)
  if (answer === undefined) return ok(area, 'does not answer plain http')
  if (answer.headers.location?.startsWith('https://')) return ok(area, 'leads plain http to https')
  return warning(area, 'answers plain http', 'let the proxy in front redirect it to https')
}

/** A navigation, redirects not followed. `fetch` would say of itself that it is none. */
function navigate(url: string): Promise<IncomingMessage> {
  const get = url.startsWith('https:') ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(patienceMs),
    }
    get(url, options, (res) => {
      res.resume().once('error', () => {})
      resolve(res)
    }).once('error', reject)
  })
}
