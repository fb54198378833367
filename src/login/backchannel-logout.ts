import type { Request, RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import type { LoginRoom } from './login-room.ts'
import { enabledProvider } from './start.ts'

const keysMs = 5_000
/** Longer than any logout token should live (Back-Channel Logout 1.0 §2.6: short `exp`). */
const rememberedMs = 60 * 60_000
/** Longer than ending the sessions can take. */
const underWayMs = 10_000

/** `POST /auth/backchannel-logout/{provider}`: the provider ends sessions, by `sid` or by `sub` (OIDC Back-Channel Logout 1.0). */
export function logOutByProvider(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store')
    const provider = enabledProvider(room, req.params['provider'])
    const read = provider.account.readLogoutToken
    const token = logoutToken(req)
    if (!read || token === undefined) throw new Problem('invalid-request')
    const { jti, sid, subject } = await read(token, AbortSignal.timeout(keysMs)).catch((cause: unknown) => {
      room.log.warn('backchannel-logout.refused', { provider: provider.id, cause })
      throw new Problem('invalid-request', { cause })
    })
    const named = { provider: provider.id, subject: subject as string }
    // With both: a session of the same person's may have begun by an ID token without `sid`.
    const selectors =
      sid === undefined
        ? [named]
        : [{ provider: provider.id, sid }, ...(subject === undefined ? [] : [{ ...named, withoutSid: true }])]
    const ended = await once(room, `logout-token:${provider.id}:${jti}`, async () => {
      const counts = await Promise.all(
        selectors.map((selector) => room.sessions.index.end(selector, 'ended-by-provider')),
      )
      return counts.reduce((sum, count) => sum + count)
    })
    room.log.info('backchannel-logout', { provider: provider.id, ended })
    res.status(200).end()
  }
}

/**
 * Runs `work` if nobody has done it yet. What fails may be sent again, at once or, with a store too broken even to forget,
 * when the first mark has gone: the provider's next try is no replay. @throws Problem `invalid-request` for a replay
 */
async function once<T>({ sessions: { marks } }: LoginRoom, key: string, work: () => Promise<T>): Promise<T> {
  if (!(await marks.first(key, underWayMs))) throw new Problem('invalid-request')
  try {
    const done = await work()
    await marks.keep(key, rememberedMs)
    return done
  } catch (error) {
    await marks.forget(key).catch(() => {})
    throw error
  }
}

function logoutToken(req: Request): string | undefined {
  const body = req.body as Record<string, unknown> | undefined
  const token = body?.['logout_token']
  return typeof token === 'string' ? token : undefined
}
