import { seededRandom } from './dice.ts'
import { hostileQuery } from './hostile-queries.ts'
import { beginLogin, callBack, type House, openHouse } from './house.ts'

const providers = ['kakao', 'naver', 'google', 'acme']
const allowed =
  /^\/login\?error=(login-denied|login-expired|login-failed|provider-misconfigured|provider-unavailable)&provider=(kakao|naver|google|acme)(&returnTo=%2Fkept)?$/

/**
 * Sends `count` hostile callbacks and gives back those whose answer is none of the public contract's.
 * Each begins a login of its own, so that there is always an attempt that could fit.
 */
export async function findBadCallbacks(count: number, seed: number): Promise<readonly string[]> {
  const house: House = await openHouse({ providers })
  const random = seededRandom(seed)
  const bad: string[] = []
  for (let index = 0; index < count; index++) {
    const provider = providers[index % providers.length] as string
    const browser = house.browser()
    const { state } = await beginLogin(browser, `/auth/login/${provider}?returnTo=/kept`)
    const query = hostileQuery(random, state)
    const { status, location } = await callBack(browser, provider, query)
    const fine = status === 303 && allowed.test(location ?? '')
    if (!fine) bad.push(`${provider}?${query.slice(0, 300)} → ${status} ${location}`)
  }
  await house.close()
  return bad
}
