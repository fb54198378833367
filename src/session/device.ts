import Bowser from 'bowser'

const unknown = 'Unknown device'
/** A longer User-Agent is not a browser's; regular expressions are kept off it. */
const maxLength = 512
/** For a browser or system that it does not know, Bowser repeats words of the header: those are anybody's text. */
const browsers: ReadonlySet<unknown> = new Set(Object.values(Bowser.BROWSER_MAP))
const systems: ReadonlySet<unknown> = new Set(Object.values(Bowser.OS_MAP))

/** A device as its owner would call it: "Chrome on Windows". */
export function deviceName(userAgent: string | undefined): string {
  if (!userAgent || userAgent.length > maxLength) return unknown
  const { browser, os } = Bowser.parse(userAgent)
  const names = [
    ...(browsers.has(browser.name) ? [browser.name] : []),
    ...(systems.has(os.name) ? [os.name] : []),
  ]
  return names.join(' on ') || unknown
}
