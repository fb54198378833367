import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { binary } from '../support/binaries.ts'

/** A person's browser: a profile of its own, and everything that it was sent or complained about. */
export interface Profile {
  readonly context: BrowserContext
  readonly page: Page
  /** Console errors, uncaught exceptions and violations of the content security policy. */
  readonly complaints: readonly string[]
  /** Every answer that a script of `origin` could read: headers and body. */
  answers(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface ProfileOptions {
  readonly origin: string
  readonly locale?: 'ko-KR' | 'en-US'
  readonly colorScheme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly userAgent?: string
  /** Console errors that belong to what is tested. */
  readonly expected?: RegExp
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Chromium tells of every refused request, and of a stream that was cut because its session ended; the pages expect these,
 * but no missing file and no error of the server.
 */
const expected =
  /the server responded with a status of (401|403|409|422) |ERR_INCOMPLETE_CHUNKED_ENCODING \(.*\/api\/time\)/

/** The installed Chromium, with a new user data directory. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: binary('chromium', 'chromium'), args })
}

export async function newProfile(browser: Browser, options: ProfileOptions): Promise<Profile> {
  const { origin, locale = 'en-US', colorScheme = 'light', viewport = { width: 1100, height: 900 } } = options
  const context = await browser.newContext({
    locale,
    colorScheme,
    viewport,
    reducedMotion: 'reduce',
    ...(options.userAgent && { userAgent: options.userAgent }),
  })
  const complaints: string[] = []
  const answers: Promise<string>[] = []
  context.on('console', (message) => {
    const complaint = `${message.text()} (${message.location().url})`
    if (message.type() === 'error' && !expected.test(complaint) && !options.expected?.test(complaint))
      complaints.push(complaint)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('response', (response) => {
    if (!response.url().startsWith(origin) || (response.status() >= 300 && response.status() < 400)) return
    // No script can read Set-Cookie.
    const { 'set-cookie': _, ...headers } = response.headers()
    const body = response.text().catch(() => '')
    answers.push(body.then((text) => `${response.url()} ${JSON.stringify(headers)} ${text}`))
  })
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`CSP: ${violatedDirective} ${blockedURI}`)
    })
  })
  return {
    context,
    page: await context.newPage(),
    complaints,
    answers: () => Promise.all(answers),
    close: () => context.close(),
  }
}
