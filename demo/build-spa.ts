import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')
const spa = join(import.meta.dirname, 'spa')
const dist = join(spa, 'dist')
const cache = join(root, 'node_modules/.cache/coatcheck-demo')
const sources = ['src', 'public', 'index.html', 'vite.config.ts', '../../src/browser'].map((name) =>
  join(spa, name),
)

/** The folder of the built SPA; builds it first if a source is newer, and compresses it for coatcheck to serve. */
export function buildSpa(): string {
  if (newest(sources) < newest([join(dist, 'index.html')])) return dist
  mkdirSync(cache, { recursive: true })
  // Beside, then swapped in: another demo may be serving the old build.
  const fresh = mkdtempSync(join(cache, 'build-'))
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  execFileSync(
    process.execPath,
    [vite, 'build', '--config', join(spa, 'vite.config.ts'), '--outDir', fresh],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      // Whoever starts us: React is built for people, not for its developers.
      env: { ...process.env, NODE_ENV: 'production' },
    },
  )
  for (const file of filesIn(fresh).filter((name) => /\.(js|css|html|svg)$/.test(name))) {
    const content = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(content))
    writeFileSync(`${file}.gz`, gzipSync(content))
  }
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
  return dist
}

/** When the youngest of the files was changed, ms; 0: there are none. */
function newest(paths: readonly string[]): number {
  const times = paths.flatMap(filesIn).map((file) => statSync(file).mtimeMs)
  return Math.max(0, ...times)
}

function filesIn(path: string): readonly string[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  if (stats.isFile()) return [path]
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)))
}
