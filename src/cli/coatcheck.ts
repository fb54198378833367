#!/usr/bin/env node
import { readEnvironment } from './environment.ts'

// The embedded database is marked experimental in Node; nobody at a terminal can do anything about that.
process.removeAllListeners('warning')
const { run } = await import('./command-line.ts')

process.exitCode = await run(process.argv.slice(2), {
  env: readEnvironment(),
  now: Date.now,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
})
