import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const src = join(import.meta.dirname, '../src')

/** What stands in `src` by itself belongs to one of these rooms. */
const front: Readonly<Record<string, string>> = {
  'main.ts': 'process',
  cli: 'process',
  'composition.ts': 'composition',
  'examination.ts': 'composition',
  'observation.ts': 'composition',
  'session-settings.ts': 'composition',
  'shutdown.ts': 'composition',
  'app.ts': 'app',
  'well-known.ts': 'app',
  'clock.ts': 'clock',
  'deadline.ts': 'clock',
}

/** A room imports values only from itself and from rooms on a lower floor. */
const floors: Readonly<Record<string, number>> = {
  process: 5,
  composition: 4,
  app: 3,
  login: 2,
  signup: 2,
  proxy: 2,
  spa: 2,
  providers: 1,
  users: 1,
  session: 1,
  'api-token': 1,
  ops: 1,
  http: 0,
  crypto: 0,
  clock: 0,
  config: 0,
}

/** Beside the house: they may import each other's nothing, and the house nothing of theirs. */
const besides = ['browser', 'testing']

/** The one room (or the named ones, where a whole floor speaks the library's language) that imports a package's values. */
const landlords: Readonly<Record<string, readonly string[]>> = {
  express: ['app', 'login', 'signup'],
  'express-session': ['session'],
  'connect-redis': ['session'],
  redis: ['session'],
  'lru-cache': ['session'],
  bowser: ['session'],
  'cookie-signature': ['session'],
  'openid-client': ['providers'],
  'http-proxy-middleware': ['proxy'],
  undici: ['proxy'],
  helmet: ['spa'],
  kysely: ['users'],
  pg: ['users'],
  'node:sqlite': ['users'],
  // JWTs are made in one room and judged in the other: ours, and the providers'.
  jose: ['api-token', 'providers'],
  ajv: ['signup'],
  'ajv-formats': ['signup'],
  zod: ['config'],
  pino: ['ops'],
  'pino-pretty': ['ops'],
  'prom-client': ['ops'],
  '@opentelemetry/api': ['ops'],
  '@opentelemetry/exporter-trace-otlp-proto': ['ops'],
  '@opentelemetry/resources': ['ops'],
  '@opentelemetry/sdk-trace': ['ops'],
  'rate-limiter-flexible': ['ops'],
  'ipaddr.js': ['http'],
  cookie: ['http'],
}

interface Import {
  readonly file: string
  readonly room: string
  readonly specifier: string
}

function valueImports(): Import[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(src, file), 'utf8')
      // `import type …` and `export type … from` go sideways freely; everything else is a value.
      const statements = text.matchAll(
        /^(?:import|export)(?! type\b)\s[^;'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
      )
      const room = roomAt(file)
      return [...statements].map((match) => ({
        file,
        room,
        specifier: (match[1] ?? match[2] ?? match[3]) as string,
      }))
    })
}

function roomAt(file: string): string {
  const place = file.split('/')[0] as string
  return front[place] ?? place
}

function roomOf({ file, specifier }: Import): string {
  return roomAt(relative(src, normalize(join(src, dirname(file), specifier))))
}

describe('the house', () => {
  const imports = valueImports()
  const local = imports.filter(({ specifier }) => specifier.startsWith('.'))
  const foreign = imports.filter(({ specifier }) => !specifier.startsWith('.'))

  it('has no room without a floor', () => {
    const rooms = readdirSync(src)
      .filter((name) => name !== 'tsconfig.json')
      .map(roomAt)
    expect(rooms.filter((room) => !(room in floors) && !besides.includes(room))).toEqual([])
  })

  it('lets a file import values only from its own room or from a lower floor', () => {
    const offenders = local.filter((one) => {
      const target = roomOf(one)
      if (target === one.room) return false
      if (one.room === 'testing') return !(target in floors)
      const [from, to] = [floors[one.room], floors[target]]
      return from === undefined || to === undefined || to >= from
    })
    expect(offenders).toEqual([])
  })

  it('gives each third-party package one landlord', () => {
    const offenders = foreign.filter(({ room, specifier }) => {
      if (besides.includes(room)) return false
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
      const owned = landlords[specifier] ?? landlords[name]
      if (owned) return !owned.includes(room)
      return !specifier.startsWith('node:') && !builtinModules.includes(specifier)
    })
    expect(offenders).toEqual([])
  })

  it('keeps process.* to the process floor', () => {
    const readers = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter(
        (file) =>
          /\.tsx?$/.test(file) && !/^(cli\/|main\.ts$|composition\.ts$|browser\/|testing\/)/.test(file),
      )
      .filter((file) => /\bprocess\.(?!hrtime|memoryUsage)/.test(readFileSync(join(src, file), 'utf8')))
    expect(readers).toEqual([])
  })

  it('gives the browser client no dependency', () => {
    expect(foreign.filter(({ room, specifier }) => room === 'browser' && specifier !== 'react')).toEqual([])
    expect(local.filter((one) => one.room === 'browser' && roomOf(one) !== 'browser')).toEqual([])
  })
})
