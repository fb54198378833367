import type { Request, RequestHandler, Response } from 'express'
import { redirect } from '../http/redirect.ts'
import type { Provider, Vouched } from '../providers/provider.ts'
import { welcome } from './arrival.ts'
import { type Attempt, attemptLifetimeMs, attemptName } from './attempt.ts'
import { reportFailure } from './failure-report.ts'
import { finishLink } from './link.ts'
import { LoginError, toLoginError } from './login-error.ts'
import type { LoginRoom } from './login-room.ts'
import { enabledProvider, failurePage } from './start.ts'

/** All of a callback: code exchange, keys, profile. */
const deadlineMs = 10_000

/** `GET /auth/callback/{provider}`: the provider's word, once per attempt, and then a 303 to a page of ours. */
export function finishLogin(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const provider = enabledProvider(room, req.params['provider'])
    const query = rawQuery(req)
    const parameters = new URLSearchParams(query)
    const attempt = room.attempts.find(req, parameters.get('state'))
    // RFC 9700 §4.4.2: one redirect URI per provider, and the response must arrive at the one it was asked for.
    if (attempt?.provider !== provider.id) return strayCallback(room, { req, res, provider, parameters })
    try {
      const vouched = await redeem(room, { attempt, provider, query })
      const page = await arrive(room, { req, res, attempt, vouched })
      redirect(res, 303, page)
    } catch (error) {
      const failure = toLoginError(error)
      room.attempts.drop(res, attempt)
      if (!failure) throw error
      const { returnTo, purpose } = attempt
      reportFailure(room, { provider: provider.id, purpose, failure })
      redirect(res, 303, failurePage(room, { purpose, returnTo, provider: provider.id, code: failure.code }))
    }
  }
}

/** The provider's word for an attempt that is still good. @throws LoginError, ProviderError, Problem */
async function redeem(
  room: LoginRoom,
  { attempt, provider, query }: { attempt: Attempt; provider: Provider; query: string },
): Promise<Vouched> {
  const { starter, checks } = attempt
  // A flow that one session started is finished by that session or not at all (RFC 9700 update: cross-user session fixation).
  if (starter !== undefined && !(await room.sessions.tickets.open(starter)))
    throw new LoginError('login-expired')
  // RFC 9700 §4.2.4: state is single-use; a repeated callback makes no token request.
  const first = await room.sessions.marks.first(`attempt:${attemptName(checks.state)}`, attemptLifetimeMs)
  if (!first) throw new LoginError('login-expired')
  return provider.finish(query, checks, AbortSignal.timeout(deadlineMs))
}

interface Arrival {
  readonly req: Request
  readonly res: Response
  readonly attempt: Attempt
  readonly vouched: Vouched
}

async function arrive(room: LoginRoom, { req, res, attempt, vouched }: Arrival): Promise<string> {
  if (attempt.purpose === 'link') {
    await finishLink(room, attempt, vouched)
    room.attempts.drop(res, attempt)
    return attempt.returnTo
  }
  const { page, session } = await welcome(room, vouched, attempt.returnTo)
  const { ticket } = await room.sessions.writer.begin(req, res, session, { starter: attempt.starter })
  room.attempts.drop(res, attempt)
  room.attempts.restart(req, res, attempt, ticket)
  room.lastProvider.write(res, attempt.provider)
  return page
}

/** A callback that no attempt of this browser fits: nothing is redeemed, nothing changes. */
function strayCallback(
  room: LoginRoom,
  {
    req,
    res,
    provider,
    parameters,
  }: { req: Request; res: Response; provider: Provider; parameters: URLSearchParams },
): void {
  // The Back button onto a used callback, say: whoever is signed in goes home and not to an error.
  if (room.sessions.writer.current(req)) {
    redirect(res, 303, room.pages.home)
    return
  }
  // Some providers leave the state out when the person says no.
  const denied = parameters.has('error') && !parameters.has('state') && isDenial(parameters.get('error'))
  const failure = new LoginError(denied ? 'login-denied' : 'login-expired')
  reportFailure(room, { provider: provider.id, purpose: 'login', failure })
  redirect(res, 303, failurePage(room, { purpose: 'login', provider: provider.id, code: failure.code }))
}

/** RFC 6749 §4.1.2.1 and its kin: the person did not want to, or not now. */
function isDenial(error: string | null): boolean {
  return error === 'access_denied' || error === 'user_cancelled_authorize' || error === 'user_denied'
}

function rawQuery(req: Request): string {
  const start = req.url.indexOf('?')
  return start < 0 ? '' : req.url.slice(start + 1)
}
