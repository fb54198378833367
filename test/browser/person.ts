import type { Page } from 'playwright-core'
import type { PersonaId } from '../../src/testing/personas.ts'

/** What a person does on the demo's pages. */
export function personAt(page: Page, url: string) {
  const person = {
    /** From the login page to wherever the provider sends the browser. */
    async signIn(provider: string, persona: PersonaId) {
      await page.locator(`.provider-${provider}`).click()
      await page.locator(`button[value="${persona}"]`).click()
    },
    async signUp(nickname: string, character: string) {
      await page.waitForURL(/\/signup/)
      await page.locator('#nickname').fill(nickname)
      await page.locator(`input[value="${character}"]`).check()
      await page.locator('button[type=submit]').click()
    },
    /** A newcomer, all the way to the home page. */
    async join(provider: string, nickname: string, character = 'bear') {
      await page.goto(`${url}/login`)
      await person.signIn(provider, 'newcomer')
      await person.signUp(nickname, character)
      await page.locator('.ticket h1', { hasText: nickname }).waitFor()
    },
    async signOut() {
      await page.getByRole('button', { name: /^(Sign out|로그아웃)$/ }).click()
      await page.locator('.hero').waitFor()
    },
    /** The status of a call that a script on the page makes. */
    callApi(path: string): Promise<number> {
      return page.evaluate(async (target) => (await fetch(target)).status, path)
    },
    /** Everything that scripts of this origin can lay hands on. */
    holdings(): Promise<string> {
      return page.evaluate(() =>
        JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]),
      )
    },
  }
  return person
}
