import type { Environment } from './variable-reader.ts'
import { variableNames } from './variables.ts'

/** Names shorter than this are too like other programs' variables. */
const shortest = 6

/** A warning for each variable that nobody reads and whose name is nearly one of ours. */
export function findMisspellings(env: Environment, providerIds: readonly string[]): readonly string[] {
  const known = variableNames(providerIds)
  return Object.keys(env)
    .filter((name) => env[name] && name.length >= shortest && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((one) => one.length >= shortest && !env[one] && isNear(name, one))
      return meant ? [`${name}: is not a variable of coatcheck; was ${meant} meant?`] : []
    })
}

/** One letter missing, added, changed, or two neighbours swapped. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++
  const rest = (text: string, skipped: number) => text.slice(start + skipped)
  const swapped = a[start] === b[start + 1] && a[start + 1] === b[start] && rest(a, 2) === rest(b, 2)
  return swapped || rest(a, 1) === rest(b, 1) || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1)
}
