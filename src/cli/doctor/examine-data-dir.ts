import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../../config/config.ts'
import { type Finding, failed, ok } from './finding.ts'

/** Whether DATA_DIR can hold what this configuration keeps there; nothing to say where it keeps nothing. */
export async function examineDataDir(config: Config): Promise<readonly Finding[]> {
  const { dataDir } = config
  const kept = keptThere(config)
  if (kept.length === 0) return []
  const what = kept.join(' and ')
  const problem = await problemWith(dataDir)
  if (problem === undefined) return [ok('data', `${dataDir} can hold ${what}`)]
  const advice =
    'make DATA_DIR a folder that the server’s user can write to (in the image: a volume at /data)'
  return [failed('data', `${dataDir} cannot hold ${what} (${problem})`, advice)]
}

/** What a developer need not configure. (The embedded database is opened by another examination.) */
function keptThere({ session, serviceToken, public: { loopback } }: Config): readonly string[] {
  const { keysPath, secret } = serviceToken
  return [
    ...(session.secrets === undefined ? ['the session secret'] : []),
    ...(loopback && keysPath === undefined && secret === undefined ? ['the signing keys'] : []),
  ]
}

/** A folder that is not there yet will be made: the nearest one that is has to allow that. */
async function problemWith(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const above = dirname(folder)
    return code === 'ENOENT' && above !== folder ? problemWith(above) : code
  }
}
