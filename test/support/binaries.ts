import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const postgresVersions = '/usr/lib/postgresql'

function folders(): string[] {
  const debian = existsSync(postgresVersions)
    ? readdirSync(postgresVersions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(postgresVersions, version, 'bin'))
    : []
  return [...(process.env['PATH'] ?? '').split(delimiter), ...debian]
}

function find(name: string): string | undefined {
  return folders()
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
}

/**
 * The path of an installed program. A missing one is installed with apt-get where we are root on Debian;
 * elsewhere the error says what to install.
 */
export function binary(name: string, debianPackage: string): string {
  const installed = find(name)
  if (installed) return installed
  const missing = `${name} is missing: install it (Debian: apt-get install ${debianPackage})`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(missing)
  execFileSync('apt-get', ['update'], { stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const now = find(name)
  if (!now) throw new Error(missing)
  return now
}
