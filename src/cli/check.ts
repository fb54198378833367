import { examine } from '../examination.ts'
import type { Command } from './command.ts'

/** Reads the configuration as a start would, and starts nothing. */
export const check: Command = {
  words: 'check',
  summary: 'read the configuration and print every problem at once',
  options: {},
  async run({ json }, { env, out, err }) {
    const examined = await examine(env)
    const problems = 'problems' in examined ? examined.problems : []
    const { warnings } = examined
    if (json) out(JSON.stringify({ ok: problems.length === 0, problems, warnings }))
    else {
      // A misspelt name is a warning, and often the reason of a problem.
      for (const problem of problems) err(problem)
      for (const warning of warnings) err(`warning: ${warning}`)
      if (problems.length === 0) out('The configuration is complete.')
    }
    return problems.length === 0 ? 0 : 1
  },
}
