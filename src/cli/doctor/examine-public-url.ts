import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'
import { examineCookies } from './examine-cookies.ts'
import { examineHttps } from './examine-https.ts'
import { examineUpgrades } from './examine-upgrades.ts'
import { type Finding, failed, ok } from './finding.ts'
import { explainFailure } from './network-failure.ts'
import { navigate } from './visit.ts'

const area = 'public url'

/** Looks at PUBLIC_URL as a browser would, through whatever stands in front: is it us, and does what we say arrive? */
export async function examinePublicUrl(config: Config): Promise<readonly Finding[]> {
  const { origin, secure } = config.public
  try {
    const session = await navigate(`${origin}/auth/session`)
    const stranger = explainStranger(session, origin)
    if (stranger) return [stranger]
    const findings = await Promise.all([
      examineCookies(config),
      examineUpgrades(config),
      secure ? examineHttps(origin, session) : [],
    ])
    return [ok(area, `${origin} leads to coatcheck`), ...findings.flat()]
  } catch (error) {
    const { seen, advice } = explainFailure(error)
    return [failed(area, `${origin}: ${seen}`, advice)]
  }
}

/** Who answers there, if it is not this coatcheck. */
function explainStranger({ statusCode, headers }: IncomingMessage, origin: string): Finding | undefined {
  const { location = '' } = headers
  if (statusCode === 308 && location === `${origin}/auth/session`)
    return failed(
      area,
      'redirects to itself for ever: Host does not arrive as the browser sent it',
      'let the proxy in front pass Host on as it came (nginx: proxy_set_header Host $http_host)',
    )
  if (URL.canParse(location) && new URL(location).origin !== origin)
    return failed(
      area,
      `${origin} redirects to ${new URL(location).origin}`,
      'PUBLIC_URL must be the very address that people end up at: scheme, host and port',
    )
  if (statusCode === 200 && headers['cache-control'] === 'no-store') return undefined
  return failed(
    area,
    `${origin}/auth/session answers ${statusCode}, and not as coatcheck does`,
    'check that it leads to a running coatcheck',
  )
}
