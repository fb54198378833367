// `node scripts/test-suite.js NAME …` runs one of the slower suites: cmd.exe knows no `NAME=value command`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const [suite, ...rest] = process.argv.slice(2)
const jest = join(import.meta.dirname, '../node_modules/jest/bin/jest.js')
const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
const { status } = spawnSync(process.execPath, [...options, jest, ...rest], {
  stdio: 'inherit',
  env: { ...process.env, COATCHECK_SUITE: suite },
})
process.exitCode = status ?? 1
