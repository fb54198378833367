import type { Request, RequestHandler, Response } from 'express'
import { redirect } from '../http/redirect.ts'
import type { Provider } from '../providers/provider.ts'
import { welcome } from './arrival.ts'
import { type Attempt, attemptLifetimeMs, attemptName } from './attempt.ts'
import type { Outcome } from './attempt-notes.ts'
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
    const call = { req, res, provider, attempt, query }
    const outcome = await outcomeOf(room, call).catch((error: unknown) => failed(room, call, error))
    room.attempts.drop(res, attempt)
    redirect(res, 303, outcome.page)
  }
}

interface Call {
  readonly req: Request
  readonly res: Response
  readonly provider: Provider
  readonly attempt: Attempt
  readonly query: string
}

/** RFC 9700 §4.2.4: state is single-use; a repeated callback makes no token request. */
async function outcomeOf(room: LoginRoom, call: Call): Promise<Outcome> {
  const mark = `attempt:${attemptName(call.attempt.checks.state)}`
  const first = await room.sessions.marks.first(mark, attemptLifetimeMs)
  return first ? firstOutcome(room, call) : sameOutcome(room, call)
}

/** What the callback comes to; noted for the browser that never gets this answer, or has asked twice. */
async function firstOutcome(room: LoginRoom, call: Call): Promise<Outcome> {
  const outcome = await redeem(room, call).catch((error: unknown) => failed(room, call, error))
  await room.attemptNotes.setOutcome(call.attempt, outcome).catch((cause: unknown) => {
    room.log.warn('login.outcome-not-noted', { provider: call.provider.id, cause })
  })
  return outcome
}

/** The first callback's outcome: the same page and, while its session lives, the same ticket. @throws LoginError `login-expired` */
async function sameOutcome(room: LoginRoom, { req, res, attempt }: Call): Promise<Outcome> {
  const outcome = await room.attemptNotes.outcome(attempt)
  if (!outcome) throw new LoginError('login-expired')
  if (outcome.ticket !== undefined) {
    if (!(await room.sessions.writer.handOutAgain(req, res, outcome.ticket)))
      throw new LoginError('login-expired')
    room.lastProvider.write(res, attempt.provider)
  }
  return outcome
}

/** Where a failure leads. @throws what is a fault of ours */
function failed(room: LoginRoom, { res, provider, attempt }: Call, error: unknown): Outcome {
  const failure = toLoginError(error)
  if (!failure) {
    room.attempts.drop(res, attempt)
    throw error
  }
  const { returnTo, purpose } = attempt
  reportFailure(room, { provider: provider.id, purpose, failure })
  return { page: failurePage(room, { purpose, returnTo, provider: provider.id, code: failure.code }) }
}

/** The provider's word for an attempt that is still good, and what becomes of it. @throws LoginError, ProviderError, Problem */
async function redeem(room: LoginRoom, { req, res, provider, attempt, query }: Call): Promise<Outcome> {
  const starter = (await room.attemptNotes.starter(attempt)) ?? attempt.starter
  // A flow that one session started is finished by that session or not at all (RFC 9700 update: cross-user session fixation).
  if (starter !== undefined && !(await room.sessions.tickets.open(starter)))
    throw new LoginError('login-expired')
  const vouched = await provider.finish(query, attempt.checks, AbortSignal.timeout(deadlineMs))
  if (attempt.purpose === 'link') {
    await finishLink(room, starter, vouched)
    return { page: attempt.returnTo }
  }
  const { page, session } = await welcome(room, vouched, attempt.returnTo)
  const { ticket } = await room.sessions.writer.begin(req, res, session, { starter })
  await adoptOthers(room, { req, res, attempt, ticket })
  room.lastProvider.write(res, attempt.provider)
  return { page, ticket }
}

/** Whatever else this browser has under way was begun in the new session from now on (RFC 9700 update: cross-user fixation). */
async function adoptOthers(
  room: LoginRoom,
  { req, res, attempt, ticket }: Pick<Call, 'req' | 'res' | 'attempt'> & { ticket: string },
): Promise<void> {
  const others = room.attempts.others(req, attempt)
  try {
    // Their cookies stay as they are: five of them, written anew, are more than a proxy takes in one answer.
    await Promise.all(others.map((other) => room.attemptNotes.setStarter(other, ticket)))
  } catch (cause) {
    room.log.warn('login.attempts-dropped', { provider: attempt.provider, cause })
    for (const other of others) room.attempts.drop(res, other)
  }
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
