import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../src/config/read-config.ts'
import { routeFields } from '../../src/config/route-fields.ts'
import { routeSchema } from '../../src/config/route-schema.ts'
import { type VariableGroup, variableGroups, variableNames } from '../../src/config/variables.ts'
import { configurationPage, envExample } from './documents.ts'
import { filesWith, problemsOf } from './environment.ts'

const root = join(import.meta.dirname, '../..')
const providers = ['kakao', 'naver', 'google', 'my-issuer']

/** `UPDATE_DOCUMENTS=1 npm test -- test/config/documents` writes them anew. */
function held(path: string, rendered: string): string {
  if (process.env['UPDATE_DOCUMENTS']) writeFileSync(join(root, path), rendered)
  return readFileSync(join(root, path), 'utf8')
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name as string)
}

/** The names that a start asks its environment for. */
function namesRead(): ReadonlySet<string> {
  const asked = new Set<string>()
  const env = new Proxy<Record<string, string>>(
    { PROVIDERS: providers.join() },
    {
      get(target, name) {
        asked.add(String(name))
        return Reflect.get(target, name)
      },
    },
  )
  readConfig(env, filesWith())
  return asked
}

describe('.env.example', () => {
  const text = held('.env.example', envExample())

  it('is what the tables say', () => expect(text).toBe(envExample()))

  it('lists what the code reads, and nothing else', () => {
    const names = namesIn(text)
    expect(names.toSorted()).toEqual([...namesRead()].toSorted())
    expect(new Set(names).size).toBe(names.length)
  })

  it('needs no more than the providers’ credentials to work', () => {
    const env = parseEnv(text)
    const missing = problemsOf(env).map((line) => line.split(':')[0])
    expect(missing).toEqual(
      ['KAKAO', 'NAVER', 'GOOGLE'].flatMap((id) => [`${id}_CLIENT_ID`, `${id}_CLIENT_SECRET`]),
    )
  })

  it('has values that pass when they are switched on', () => {
    const env = parseEnv(text.replace(/^#(?=[A-Z][A-Z0-9_]*=)/gm, ''))
    const exclusive = ['SPA_DEV_URL', 'SERVICE_TOKEN_KEYS', 'REDIS_MODE']
    const secret = 'x'.repeat(32)
    const chosen = {
      ...env,
      ...Object.fromEntries(exclusive.map((name) => [name, ''])),
      ...Object.fromEntries(
        ['KAKAO', 'NAVER', 'GOOGLE'].flatMap((id) => [
          [`${id}_CLIENT_ID`, 'x'],
          [`${id}_CLIENT_SECRET`, 'x'],
        ]),
      ),
      SESSION_SECRET: secret,
      SERVICE_TOKEN_SECRET: 'y'.repeat(32),
      PROVIDERS: providers.join(),
    }
    const files = { './signup.schema.json': '{}', 'web/dist/index.html': '' }
    expect(problemsOf(chosen, files)).toEqual([])
  })
})

describe('docs/configuration.md', () => {
  const text = held('docs/configuration.md', configurationPage())

  it('is what the tables say', () => {
    // The formatter pads a table's columns.
    const unpadded = (page: string) =>
      page
        .replace(/ {2,}/g, ' ')
        .replace(/-{3,}/g, '---')
        .replace(/\| ---/g, '|---')
        .replace(/--- \|/g, '---|')
    expect(unpadded(text)).toBe(unpadded(configurationPage()))
  })

  it('knows every field of a route', () => {
    expect(routeFields.map(({ name }) => name)).toEqual(Object.keys(routeSchema.shape))
  })
})

describe('the table of variables', () => {
  it('has every default in the grammar of its variable', () => {
    const groups: readonly VariableGroup[] = variableGroups
    const defaults = groups
      .flatMap(({ variables }) => variables)
      .flatMap((one) => (one.default === undefined ? [] : [[one.name, one.default] as const]))
    const credentials = { PROVIDERS: 'google', GOOGLE_CLIENT_ID: 'x', GOOGLE_CLIENT_SECRET: 'x' }
    expect(problemsOf({ ...credentials, ...Object.fromEntries(defaults) })).toEqual([])
    expect(defaults.length).toBeGreaterThan(20)
  })

  it('has every name once', () => {
    const names = variableNames(providers)
    expect(new Set(names).size).toBe(names.length)
  })
})
