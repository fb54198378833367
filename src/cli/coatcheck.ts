#!/usr/bin/env node
import type { Environment } from '../config/variable-reader.ts'
import { readEnvironment } from './environment.ts'

// The embedded database is marked experimental in Node; nobody at a terminal can do anything about that.
process.removeAllListeners('warning')
// An older Node would only say that it knows no node:sqlite.
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(`coatcheck needs Node.js 24 or newer; this is ${process.version}`)
  process.exit(1)
}
const { run } = await import('./command-line.ts')

let read: Environment | undefined
const closed = (stream: NodeJS.WriteStream) =>
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    // `coatcheck users list | head` has read enough.
    if (code === 'EPIPE') process.exit(0)
    if (stream === process.stdout) console.error(`coatcheck: the result cannot be written (${code})`)
    process.exit(1)
  })
closed(process.stdout)
closed(process.stderr)

process.exitCode = await run(process.argv.slice(2), {
  // Read by those commands alone that need a configuration.
  get env() {
    read ??= readEnvironment()
    return read
  },
  now: Date.now,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
})
