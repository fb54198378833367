import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readEnvironment } from '../../src/cli/environment.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coatcheck-env-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const write = (text: string) => writeFileSync(join(directory, '.env'), text)

describe('.env', () => {
  it('gives what is not set', () => {
    write('PORT=4000\nSPA_DIR="./my app" # built by Vite\n# HOST=0.0.0.0\nexport WORKERS=2\n')
    expect(readEnvironment({ directory, variables: {} })).toEqual({
      PORT: '4000',
      SPA_DIR: './my app',
      WORKERS: '2',
    })
  })

  it('never overrides a variable that is set, even to nothing', () => {
    write('PORT=4000\nHOST=0.0.0.0\n')
    const variables = { PORT: '3000', HOST: '' }
    expect(readEnvironment({ directory, variables })).toEqual(variables)
  })

  it('need not be there', () => {
    expect(readEnvironment({ directory, variables: { PORT: '1' } })).toEqual({ PORT: '1' })
  })

  it('may begin with a byte order mark', () => {
    write('\uFEFFPORT=4000\n')
    expect(readEnvironment({ directory, variables: {} })).toEqual({ PORT: '4000' })
  })

  it('stops the start when it is there and cannot be read', () => {
    mkdirSync(join(directory, '.env'))
    expect(() => readEnvironment({ directory, variables: {} })).toThrow(
      /\.env: cannot be read \(EISDIR\): it is a folder/,
    )
  })
})
