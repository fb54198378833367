#!/usr/bin/env node
import { readEnvironment } from './environment.ts'

// The embedded database is marked experimental in Node; nobody at a terminal can do anything about that.
process.removeAllListeners('warning')
// An older Node would only say that it knows no node:sqlite.
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(`coatcheck needs Node.js 24 or newer; this is ${process.version}`)
  process.exit(1)
}
const { run } = await import('./command-line.ts')

process.exitCode = await run(process.argv.slice(2), {
  env: readEnvironment(),
  now: Date.now,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
})
