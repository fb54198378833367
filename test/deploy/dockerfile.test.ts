import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { variable } from '../../src/config/variables.ts'
import { read } from './yaml.ts'

/** Instructions by stage, continued lines joined. */
const stages = read('Dockerfile')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split(/^(?=FROM )/m)
  .filter((stage) => stage.startsWith('FROM '))
  .map((stage) =>
    stage
      .trim()
      .split(/\n+/)
      .map((line) => {
        const [, instruction = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
        return { instruction, rest }
      }),
  )
const image = stages.at(-1) ?? []
const all = (instruction: string) =>
  image.filter((one) => one.instruction === instruction).map(({ rest }) => rest)
const json = (text = '') => JSON.parse(text.slice(text.indexOf('['))) as string[]

describe('Dockerfile', () => {
  it('builds in stages of their own, and ends in one that can build nothing', () => {
    expect(stages).toHaveLength(3)
    expect(all('FROM')).toEqual(['debian:bookworm-slim'])
    expect(all('RUN').join()).not.toMatch(/npm|apt-get|curl|wget/)
    const copied = all('COPY').filter((rest) => !rest.startsWith('--from='))
    expect(copied).toEqual(['package.json ./'])
  })

  it('installs what the lock file says, without scripts, and for the image nothing of development', () => {
    const installs = stages.flat().filter(({ rest }) => /\bnpm (ci|install)\b/.test(rest))
    expect(installs).toHaveLength(2)
    for (const { rest } of installs) expect(rest).toMatch(/npm ci .*--ignore-scripts/)
    expect(installs[1]?.rest).toContain('--omit=dev')
  })

  it('does not run as root, and says so by number', () => {
    expect(all('USER')).toEqual(['1000:1000'])
    expect(all('RUN').join()).toMatch(/install -d -o node -g node -m 0700 \/data/)
    expect(all('VOLUME')).toEqual(['/data'])
  })

  it('sets variables that exist', () => {
    const names = all('ENV').flatMap((rest) =>
      [...rest.matchAll(/(\w+)=/g)].map(([, name]) => name as string),
    )
    const node = new Set(['NODE_ENV', 'NODE_OPTIONS', 'warning'])
    expect(names.filter((name) => !node.has(name) && !variable(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(['HOST', 'DATA_DIR']))
  })

  it('starts node itself, which hears signals as PID 1, with the flags of npm start', () => {
    const [command] = all('CMD')
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const start = scripts['start']?.replace(/^exec |--disable-warning=ExperimentalWarning /g, '')
    expect(json(command).join(' ')).toBe(start)
  })

  it('sends the builder nothing but what it copies', () => {
    const [first, ...allowed] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(first).toBe('*')
    const wanted = stages
      .flat()
      .filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
    expect(new Set(allowed.map((line) => line.replace(/^!/, '')))).toEqual(new Set(wanted))
  })

  describe('the health check', () => {
    const [check] = all('HEALTHCHECK')
    const [program, ...args] = json(check?.slice(check.indexOf('CMD')))

    it('needs no shell', () => {
      expect(program).toBe('node')
      expect(check).toMatch(/CMD \["node"/)
    })

    it.each([
      [200, 0],
      [503, 1],
    ])('of a server that answers %i ends with %i', async (status, code) => {
      const asked: (string | undefined)[] = []
      const server = createServer((req, res) => {
        asked.push(req.url)
        res.writeHead(status).end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const ended = await run(args, String(port))
      server.close()
      server.closeAllConnections()
      expect({ ended, asked }).toEqual({ ended: code, asked: ['/healthz'] })
    })

    it('of nobody ends with 1', () => {
      const { status } = spawnSync(process.execPath, args, { env: { PORT: '2' } })
      expect(status).toBe(1)
    })
  })
})

function run(args: readonly string[], port: string): Promise<number | null> {
  const child = spawn(process.execPath, args, { env: { PORT: port }, stdio: 'ignore' })
  return new Promise((resolve) => child.once('exit', resolve))
}
