import type { ExitCode } from '../../src/cli/command.ts'
import { run } from '../../src/cli/command-line.ts'
import type { Environment } from '../../src/config/variable-reader.ts'

export interface Outcome {
  readonly code: ExitCode
  /** What went to stdout, line by line. */
  readonly out: readonly string[]
  readonly err: readonly string[]
  json<T = Readonly<Record<string, unknown>>>(): T
}

/** `coatcheck …` in this process. */
export async function coatcheck(
  args: string,
  env: Environment = {},
  now: () => number = Date.now,
): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const code = await run(args.split(' ').filter(Boolean), {
    env,
    now,
    out: (text) => void out.push(...text.split('\n')),
    err: (text) => void err.push(...text.split('\n')),
  })
  return {
    code,
    out,
    err,
    json() {
      if (out.length === 0) throw new Error(`nothing was printed, but: ${err.join('\n')}`)
      return JSON.parse(out.join('\n'))
    },
  }
}
