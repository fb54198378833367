import type { Config } from '../../config/config.ts'
import { type Finding, ok, warning } from './finding.ts'
import { askForWebSocket } from './visit.ts'

const area = 'public url'

/**
 * Asks for a WebSocket where coatcheck has none: an upgrade that arrives is refused with 404; one that lost its Upgrade
 * header on the way is an ordinary request, and gets the session.
 */
export async function examineUpgrades({ public: { origin }, routes }: Config): Promise<readonly Finding[]> {
  if (!routes.some(({ websocket }) => websocket)) return []
  const answer = await askForWebSocket(`${origin}/auth/session`, origin).catch(() => undefined)
  if (answer?.statusCode === 404) return [ok(area, 'WebSocket upgrades arrive')]
  const seen = answer === undefined ? 'cut off' : `answered ${answer.statusCode}`
  const advice =
    'let the proxy in front pass Upgrade and Connection on (deploy/nginx.conf), or set "websocket": false on the routes'
  return [warning(area, `WebSocket upgrades do not arrive (${seen})`, advice)]
}
