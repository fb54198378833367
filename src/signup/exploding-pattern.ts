import { runInNewContext } from 'node:vm'
import { largestBodyBytes } from './profile-size.ts'

/** A pattern that backtracks without bound takes hours; a harmless one a hundredth of this for all texts together. */
const patienceMs = 1000

/** Letters that stand for the classes of a pattern. */
const samples = ['a', 'A', '0', ' ', '-', '_', '.', ',', '@', '/', '!', '가', 'é']

/** Does some text of at most `longest` characters keep `pattern` busy? Tries texts that are made of what it repeats. */
export function explodes(pattern: string, longest = largestBodyBytes): boolean {
  const length = Math.min(longest, largestBodyBytes)
  try {
    runInNewContext(
      'const expression = new RegExp(pattern, "u"); for (const text of texts) expression.test(text)',
      { pattern, texts: textsFor(pattern, length) },
      { timeout: patienceMs },
    )
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  }
}

/** Beginnings, then one unit again and again, then a sign that makes the match fail at the very end. */
function textsFor(pattern: string, length: number): readonly string[] {
  const literals = pattern.replace(/\\[a-zA-Z](?:\{[^}]*\})?/g, ' ').match(/[\p{L}\p{N}_:,;@/-]+/gu) ?? []
  const singles = [...new Set([...samples, ...literals.flatMap((run) => [...run])])].slice(0, 40)
  const units = [
    ...new Set([...singles, ...literals, ...literals.flatMap((a) => literals.map((b) => a + b))]),
  ].slice(0, 90)
  const beginnings = ['', 'a', 'A', '0', ...literals.slice(0, 4)]
  return beginnings.flatMap((beginning) =>
    units.flatMap((unit) => {
      const times = Math.floor((length - beginning.length - 1) / unit.length)
      return times < 2 ? [] : ['\u0001', '!'].map((end) => beginning + unit.repeat(times) + end)
    }),
  )
}
