import cluster from 'node:cluster'
import { dataDirProblem } from './cli/data-dir.ts'
import { readEnvironment, UnreadableDotEnv } from './cli/environment.ts'
import { CannotListen, serve } from './cli/serve.ts'
import { supervise } from './cli/supervise.ts'
import { examine } from './examination.ts'

await start().catch((error: unknown) => {
  // Lines for the operator; anything else is a fault of ours, and its stack says where.
  if (!(error instanceof CannotListen || error instanceof UnreadableDotEnv)) throw error
  console.error(error.message)
  process.exit(1)
})

async function start(): Promise<void> {
  const examined = await examine(readEnvironment())
  const problems = 'problems' in examined ? examined.problems : await dataDirProblem(examined.config)
  if ('problems' in examined || problems.length > 0) {
    for (const problem of problems) console.error(problem)
    for (const warning of examined.warnings) console.error(`warning: ${warning}`)
    process.exitCode = 1
  } else if (cluster.isPrimary && examined.config.workers > 1) {
    supervise(examined.config)
  } else {
    await serve(examined)
  }
}
