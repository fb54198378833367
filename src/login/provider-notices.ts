import type { Request, RequestHandler } from 'express'
import { within } from '../deadline.ts'
import { Problem } from '../http/problem.ts'
import type { UnlinkVerdict } from '../providers/provider.ts'
import type { LoginRoom } from './login-room.ts'
import { enabledProvider } from './start.ts'

/** Kakao wants its answer within 3 s, whatever our stores are doing; the work goes on behind it. */
const patienceMs = 2_000

/** What each provider takes as "received": Kakao 200, Naver 204. */
const received: Readonly<Record<string, number>> = { kakao: 200, naver: 204 }

/** `/auth/webhooks/{kakao,naver}`: a person withdrew at the provider. Their sessions of that identity end; the user stays. */
export function takeUnlinkNotice(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store')
    const provider = enabledProvider(room, req.params['provider'])
    const read = provider.account.readUnlinkNotice
    const status = received[provider.id]
    if (!read || status === undefined) throw new Problem('not-found')
    const verdict = read({
      authorization: req.headers.authorization,
      fields: fieldsOf(req),
      now: room.clock(),
    })
    if ('refused' in verdict) {
      room.log.warn('unlink-notice.refused', { provider: provider.id, why: verdict.refused })
      res.status(verdict.refused === 'unauthorized' ? 401 : 400).end()
      return
    }
    await within(take(room, provider.id, verdict), patienceMs)
    res.status(status).end()
  }
}

type Notice = Exclude<UnlinkVerdict, { readonly refused: unknown }>

/** A notice that has come before is answered and changes nothing; one that could not be carried out may come again. */
async function take(room: LoginRoom, provider: string, { subject, once }: Notice): Promise<void> {
  const { marks } = room.sessions
  const key = `unlink-notice:${provider}:${once?.key}`
  // Without the store nothing tells whether it came before; it is signed and minutes old at most.
  const first = !once || (await marks.first(key, once.forMs).catch(() => true))
  if (!first) return room.log.info('unlink-notice.repeated', { provider })
  const done = await forget(room, provider, subject)
  if (!done && once) await marks.forget(key).catch(() => undefined)
}

/** False: some of it failed. */
async function forget(room: LoginRoom, provider: string, subject: string): Promise<boolean> {
  const steps = await Promise.allSettled([
    room.sessions.index.end({ provider, subject }, 'ended-by-provider'),
    room.users.identities.markUnlinked({ provider, subject }),
  ])
  for (const step of steps) {
    if (step.status === 'rejected') room.log.error('unlink-notice.failed', { provider, cause: step.reason })
  }
  room.log.info('unlink-notice.taken', { provider })
  return steps.every(({ status }) => status === 'fulfilled')
}

function fieldsOf(req: Request): URLSearchParams {
  const start = req.url.indexOf('?')
  const fields = new URLSearchParams(start < 0 ? '' : req.url.slice(start))
  const body = (req.body ?? {}) as Record<string, unknown>
  for (const [name, value] of Object.entries(body)) if (typeof value === 'string') fields.append(name, value)
  return fields
}
