import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, SimulatedPerson, World } from '../../src/testing/world.ts'
import { sessionOf, signUp } from './house.ts'

/** Somebody who is signed in, or about to be elsewhere. */
export interface Member {
  readonly browser: Browser
  readonly provider: string
  readonly person: SimulatedPerson
  cookie: string
  /** Calls under way. */
  busy: number
  /** Somebody else signs them out at this moment: nothing new is to begin in their name, and streams may end. */
  leaving: boolean
}

/** A pool of people who come, go, and come back. */
export interface Members {
  /** Anybody who stays. */
  any(): Member
  /** Signs somebody out, and in again through their provider. */
  returning(): Promise<void>
  /** Somebody new signs up; whoever has been here longest signs out for good. */
  newcomer(): Promise<void>
}

export async function createMembers(
  world: World,
  providers: readonly string[],
  count: number,
): Promise<Members> {
  const pool: Member[] = []
  let turn = 0

  async function join(): Promise<void> {
    const provider = providers[turn % providers.length] as string
    turn += 1
    const desk = world.provider(provider)
    const person = desk.newPerson()
    desk.as(person)
    const browser = world.browser()
    await signUp(browser, provider)
    pool.push({ browser, provider, person, cookie: cookieOf(browser), busy: 0, leaving: false })
  }

  /** Signed out once no call of theirs is under way, as a page would do it. */
  async function leave(member: Member): Promise<void> {
    member.leaving = true
    while (member.busy > 0) await sleep(5)
    const { status } = await member.browser.fetch('/auth/logout', { method: 'POST' })
    if (status !== 200) throw new Error(`logout: ${status}`)
  }

  function any(): Member {
    for (;;) {
      const member = pool[Math.floor(Math.random() * pool.length)] as Member
      if (!member.leaving) return member
    }
  }

  for (let index = 0; index < count; index += 1) await join()
  return {
    any,
    async returning() {
      const member = any()
      await leave(member)
      world.provider(member.provider).as(member.person)
      await member.browser.goto(`/auth/login/${member.provider}`)
      const { state } = await sessionOf(member.browser)
      if (state !== 'member') throw new Error(`after signing in again: ${state}`)
      member.cookie = cookieOf(member.browser)
      member.leaving = false
    },
    async newcomer() {
      await join()
      const [oldest] = pool.splice(0, 1)
      if (oldest) await leave(oldest)
    },
  }
}

function cookieOf(browser: Browser): string {
  return browser
    .cookies('session')
    .map(({ name, value }) => `${name}=${value}`)
    .join()
}
