import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'coatcheck-prepare-'))
mkdirSync(join(folder, 'src'))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
cpSync(join(root, 'scripts/build.js'), join(folder, 'scripts/build.js'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = (...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'scripts/build.js'), ...args], { encoding: 'utf8' })

describe('prepare, which npx runs before each command', () => {
  it('fails no installation without development dependencies, and says what is missing', () => {
    const { status, stderr } = build('--if-missing')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^coatcheck is not built: TypeScript is not installed here\. .+\n$/)
    expect(build().status).toBe(1)
  })

  it('leaves what is built alone: a server may be running from it', () => {
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist/main.js'), 'running')
    expect(build('--if-missing')).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(join(folder, 'dist/main.js'), 'utf8')).toBe('running')
  })

  it('leaves what is built in place when a new build fails', () => {
    mkdirSync(join(folder, 'node_modules/typescript/bin'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/typescript/package.json'), '{}')
    writeFileSync(join(folder, 'node_modules/typescript/bin/tsc'), 'process.exit(2)')
    expect(build().status).toBe(1)
    expect(readFileSync(join(folder, 'dist/main.js'), 'utf8')).toBe('running')
    expect(existsSync(join(folder, 'dist/cli'))).toBe(false)
  })
})

it('npm start gives way to node, so that a signal to npm ends the server', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(scripts.start).toMatch(/^exec node --disable-sigusr1 /)
})

describe('a checkout on Windows', () => {
  it('has the line ends that the repository has', () => {
    expect(readFileSync(join(root, '.gitattributes'), 'utf8')).toMatch(/^\* text=auto eol=lf$/m)
  })

  it('finds no script that sets a variable as only a POSIX shell can', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const setting = Object.values<string>(scripts).filter((script) =>
      /(?:^|&&\s*|;\s*)[A-Za-z_]\w*=/.test(script),
    )
    expect(setting).toEqual([])
  })

  it('runs a suite by its name, and passes on what else is asked', () => {
    const script = join(root, 'scripts/test-suite.js')
    const listed = spawnSync(process.execPath, [script, 'outside', '--listTests'], {
      encoding: 'utf8',
      cwd: root,
    })
    expect(listed.status).toBe(0)
    const files = listed.stdout.trim().split('\n')
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => !/[/\\]test[/\\]outside[/\\]/.test(file))).toEqual([])
  })
})
