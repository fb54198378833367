import cluster from 'node:cluster'
import { readEnvironment } from './cli/environment.ts'
import { CannotListen, serve } from './cli/serve.ts'
import { supervise } from './cli/supervise.ts'
import { examine } from './examination.ts'

const examined = await examine(readEnvironment())
if ('problems' in examined) {
  for (const problem of examined.problems) console.error(problem)
  process.exitCode = 1
} else if (cluster.isPrimary && examined.config.workers > 1) {
  supervise(examined.config)
} else {
  await serve(examined).catch((error: unknown) => {
    if (!(error instanceof CannotListen)) throw error
    console.error(error.message)
    process.exit(1)
  })
}
