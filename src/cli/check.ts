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
    const warnings = 'warnings' in examined ? examined.warnings : []
    if (json) out(JSON.stringify({ ok: problems.length === 0, problems, warnings }))
    else {
      for (const problem of problems) err(problem)
      if (problems.length > 0) return 1
      for (const warning of warnings) err(`warning: ${warning}`)
      out('The configuration is complete.')
    }
    return problems.length === 0 ? 0 : 1
  },
}
