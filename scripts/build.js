// Builds dist/ beside the old one and swaps the two, so that a server which runs from dist/ never finds it half there.
// `--if-missing` is npm's `prepare`: it builds only where nothing is built, because npx runs it before each command.
// Plain JavaScript: after `npm ci --omit=dev` an older Node than the project's may run it.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const dist = join(root, 'dist')
const onlyIfMissing = process.argv.includes('--if-missing')

const compiler = findCompiler()
if (onlyIfMissing && (existsSync(dist) || !existsSync(join(root, 'src')))) process.exit(0)
if (compiler === undefined) {
  const what = 'coatcheck is not built: TypeScript is not installed here'
  console.error(`${what}. Install the packed package, or run npm ci with the development dependencies.`)
  process.exit(onlyIfMissing ? 0 : 1)
}

// A server that runs as another user must be able to read what this user builds.
process.umask(0o022)
const fresh = join(root, `dist.new-${process.pid}`)
const old = join(root, `dist.old-${process.pid}`)
try {
  execFileSync(process.execPath, [compiler, '-p', 'src', '--outDir', fresh], { cwd: root, stdio: 'inherit' })
  chmodSync(join(fresh, 'cli/coatcheck.js'), 0o755)
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
} catch (error) {
  if (error.status === undefined) throw error
  // The compiler has said what is wrong.
  process.exitCode = 1
} finally {
  rmSync(fresh, { recursive: true, force: true })
  rmSync(old, { recursive: true, force: true })
}

function findCompiler() {
  try {
    return join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')
  } catch {
    return undefined
  }
}
