import Bowser from 'bowser'

const unknown = 'Unknown device'
/** A longer User-Agent is not a browser's; regular expressions are kept off it. */
const maxLength = 512

/** A device as its owner would call it: "Chrome on Windows". */
export function deviceName(userAgent: string | undefined): string {
  if (!userAgent || userAgent.length > maxLength) return unknown
  const parsed = Bowser.parse(userAgent)
  const names = [parsed.browser.name, parsed.os.name].filter((name) => name !== undefined && name !== '')
  return names.join(' on ') || unknown
}
