import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { brokenSetUps } from './broken-set-ups.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
const [, section = ''] = page.split('\n## What doctor finds\n')

/** The tables' rows as `set-up`, and what doctor says of it: `area: seen → advice`. */
const rows = section.split('\n').flatMap((line) => {
  const [, setUp, seen = '', advice = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  if (setUp === undefined || setUp === 'set-up' || /^-+$/.test(setUp)) return []
  return [{ setUp, words: `${seen} → ${advice}`.replaceAll('`', '').replaceAll('\\|', '|') }]
})
const tried = Object.values(brokenSetUps).flatMap((area) => Object.entries<RegExp>(area))

describe('docs/operations.md, what doctor finds', () => {
  it('has a row for each set-up that is tried, in this order, and no other', () => {
    expect(rows.map(({ setUp }) => setUp)).toEqual(tried.map(([name]) => name))
    expect(rows.length).toBeGreaterThanOrEqual(20)
  })

  it.each(rows)('says what doctor says: $setUp', ({ setUp, words }) => {
    const [, expected] = tried.find(([name]) => name === setUp) ?? []
    expect(words).toMatch(expected as RegExp)
  })
})
