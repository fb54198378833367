import { send } from '../../src/testing/answer.ts'
import { type Fault, faults } from '../../src/testing/faults.ts'
import type { House } from './house.ts'

const json = { 'content-type': 'application/json' }

/** What the answer should be, behind a byte order mark, which a reader of JSON may ignore (RFC 8259 §8.1). */
export const marked: Fault = async (res, answer) => {
  const { status, headers, body } = await answer()
  send(res, { status, headers, body: `\uFEFF${body}` })
}

/** What the answer should be, `afterMs` late. */
export function late(afterMs: number): Fault {
  return async (res, answer) => {
    const said = await answer()
    const timer = setTimeout(() => send(res, said), afterMs)
    res.once('close', () => clearTimeout(timer))
  }
}

/** What a provider, or whatever stands before it, can answer instead, and come back from at once. */
export const quickAnswers: readonly (readonly [string, Fault])[] = [
  ['HTML', faults.answer(200, '<html>Sign in to Wi-Fi</html>')],
  ['50 MB', faults.oversized()],
  ['a redirect', faults.redirect('http://127.0.0.1:1/')],
  ['a gzip bomb', faults.gzipBomb()],
  ['null', faults.answer(200, 'null', json)],
  ['an array', faults.answer(200, '[]', json)],
  ['a byte order mark alone', faults.answer(200, '\uFEFF', json)],
  ['half an answer and a reset', faults.reset()],
]

/** What never comes to an end. */
export const endlessAnswers: readonly (readonly [string, Fault])[] = [
  ['a drip of bytes', faults.drip(1000)],
  ['silence', faults.silence()],
  ['half an answer', faults.stall()],
]

/** Where a whole login through acme leads while one endpoint answers so, and how long its callback took. */
export async function loginAgainst(
  house: House,
  endpoints: string | readonly string[],
  fault: Fault,
): Promise<{ readonly page: string; readonly tookMs: number; readonly session: boolean }> {
  const acme = house.world.provider('acme')
  // Known keys are good for five minutes.
  house.world.advance(6 * 60_000)
  for (const endpoint of [endpoints].flat()) acme.fail(endpoint, fault)
  const browser = house.browser()
  const begun = performance.now()
  const { url } = await browser.goto('/auth/login/acme?returnTo=/kept')
  const tookMs = performance.now() - begun
  acme.recover()
  const session = browser.cookies('session').length > 0
  return { page: url.pathname + url.search, tookMs, session }
}
