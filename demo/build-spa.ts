import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const spa = join(import.meta.dirname, 'spa')
const vite = join(import.meta.dirname, '../node_modules/vite/bin/vite.js')
const sources = [join(spa, 'src'), join(spa, 'public'), join(import.meta.dirname, '../src/browser')]

/** The folder of the built SPA; builds it first if a source is newer, and compresses it for coatcheck to serve. */
export function buildSpa(): string {
  const dist = join(spa, 'dist')
  if (
    newest([...sources, join(spa, 'index.html'), join(spa, 'vite.config.ts')]) <
    newest([join(dist, 'index.html')])
  )
    return dist
  execFileSync(process.execPath, [vite, 'build', '--config', join(spa, 'vite.config.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (const file of filesIn(dist).filter((name) => /\.(js|css|html|svg)$/.test(name))) {
    const content = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(content))
    writeFileSync(`${file}.gz`, gzipSync(content))
  }
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
