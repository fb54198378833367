import { distance } from './distance.ts'
import type { Environment } from './variable-reader.ts'
import { variableNames } from './variables.ts'

/** Names shorter than this are too like other programs' variables. */
const shortest = 6

/** A warning for each variable that coatcheck does not read and whose name is nearly one of its own. */
export function findMisspellings(env: Environment, providerIds: readonly string[]): readonly string[] {
  const known = variableNames(providerIds).flatMap((name) => [name, `${name}_FILE`])
  const isSet = (name: string) => Boolean(env[name])
  return Object.keys(env)
    .filter((name) => isSet(name) && name.length >= shortest && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((one) => one.length >= shortest && !isSet(one) && isNear(name, one))
      return meant ? [`${name}: is not a variable of coatcheck; was ${meant} meant?`] : []
    })
}

/** One mistake; two in a long name; or the same in other letters or with another sign between the words. */
function isNear(written: string, name: string): boolean {
  const plain = written.toUpperCase().replace(/[-.]/g, '_')
  return distance(plain, name) <= (name.length < 12 ? 1 : 2)
}
