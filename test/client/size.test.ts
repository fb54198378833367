import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')

/** Bytes of one entry, minified and gzipped, React left out. */
function sizeOf(entry: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-size-'))
  try {
    const config = {
      build: {
        outDir: folder,
        minify: true,
        lib: { entry: join(root, 'src/browser', entry), formats: ['es'], fileName: 'out' },
        rollupOptions: { external: ['react'] },
      },
    }
    const file = join(folder, 'vite.config.mjs')
    writeFileSync(file, `export default ${JSON.stringify(config)}`)
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    execFileSync(process.execPath, [vite, 'build', '--config', file, '--logLevel', 'error'], { cwd: root })
    const built = readdirSync(folder).find((name) => name.startsWith('out')) as string
    return gzipSync(readFileSync(join(folder, built))).length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the published client', () => {
  it('weighs at most 3 KB, its React hook 1 KB more', () => {
    expect(sizeOf('client.ts')).toBeLessThan(3 * 1024)
    expect(sizeOf('react.ts')).toBeLessThan(1024)
  })
})
