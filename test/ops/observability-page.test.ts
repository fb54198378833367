import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../src/ops/create-metrics.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8')

/** The rows of the page's tables whose first cell is one name in code. */
const rows = [...page.matchAll(/^\| `([^`|]+)` \| (.*) \|$/gm)].map(([, name, rest]) => ({
  name: name as string,
  cells: (rest as string).split('|').map((cell) => cell.trim()),
}))

/** Every file of the server. */
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^(testing|browser)\//.test(file))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'))

/** Names of events, where a log is told of one: `log.info('name'`, or one of two by a condition. */
function eventsIn(source: string): readonly string[] {
  const calls = source.matchAll(
    /\b(?:log|logError|event|say)(?:\.(?:debug|info|warn|error)|\[[^\]]*\])?\(\s*([^,{)]*)/g,
  )
  return [...calls].flatMap(([, first]) =>
    [...(first as string).matchAll(/'([a-z][a-z.-]+)'/g)].map(([, name]) => name as string),
  )
}

describe('docs/observability.md', () => {
  it('has every metric with its labels, and no other', () => {
    const metrics = createMetrics({ providers: ['kakao'], routes: ['/api'] })
    const described = metrics.describe().map(({ name, labelNames }) => [name, labelNames.join(', ')])
    metrics.close()
    const told = rows
      .filter(({ name }) => name.startsWith('coatcheck_'))
      .map(({ name, cells }) => [name, cells[0] as string])
    expect(told.toSorted()).toEqual(described.toSorted())
  })

  it('has every event of the log, and no other', () => {
    const events = new Set(sources.flatMap(eventsIn))
    const told = rows.filter(({ cells }) => /^(debug|info|warn|error)\b/.test(cells[0] as string))
    const names = told.map(({ name }) => name)
    expect([...events].filter((event) => !names.includes(event))).toEqual([])
    expect(names.filter((name) => !sources.some((source) => source.includes(`'${name}'`)))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    expect(events.size).toBeGreaterThan(50)
  })

  it('names metrics of Node.js that there are', () => {
    const metrics = createMetrics({ providers: [], routes: [], ofProcess: true })
    const names = metrics.describe().map(({ name }) => name)
    metrics.close()
    const told = [...page.matchAll(/`((?:process|nodejs)_\w+[a-z])`/g)].map(([, name]) => name)
    expect(told.filter((name) => !names.includes(name as string))).toEqual([])
    expect(told.length).toBeGreaterThan(5)
  })
})
