import type { Clock } from '../clock.ts'
import { type BuildFile, createBuildFile } from './build-file.ts'
import { versionOf, walkBuild } from './build-walk.ts'

/** How old our knowledge of a file may be, ms. */
const freshMs = 1000

/** Compressed by the build beside the file itself: `index.js.br`, `index.js.gz`. */
export const encodings = { br: '.br', gzip: '.gz' } as const

export type Encoding = keyof typeof encodings

export interface BuildAnswer {
  readonly file: BuildFile
  readonly variants: ReadonlyMap<Encoding, BuildFile>
}

export interface SpaBuild {
  /** undefined: the build has no such file. */
  find(path: string): Promise<BuildAnswer | undefined>
}

/**
 * The files of a built SPA, small ones in memory. Only what a walk through the folder found is ever served: no spelling of
 * a path leads out of it. A new build is noticed within a second, by a file that was asked for and has changed, come or gone.
 */
export function createSpaBuild(dir: string, now: Clock): SpaBuild {
  let known: Promise<ReadonlyMap<string, BuildFile>> = Promise.resolve(new Map())
  let answers = new Map<string, BuildAnswer>()
  let lookedAt = new Map<string, number>()
  let walkedAt = Number.NEGATIVE_INFINITY

  function walkAgain(): void {
    walkedAt = now()
    known = known.then(async (before) => {
      const found = await walkBuild(dir).catch(() => undefined)
      // A folder that is being replaced under our feet: the next look finds it whole.
      if (!found) return before
      const files = new Map<string, BuildFile>()
      const heldBytes = () => [...files.values()].reduce((sum, file) => sum + file.heldBytes(), 0)
      for (const file of found) {
        const old = before.get(file.path)
        const same = old?.version === file.version && old.file === file.file
        files.set(file.path, same ? old : createBuildFile(file, heldBytes))
      }
      answers = assemble(files)
      lookedAt = new Map()
      return files
    })
  }

  async function isStale(path: string): Promise<boolean> {
    const time = now()
    if (time - (lookedAt.get(path) ?? walkedAt) < freshMs) return false
    const answer = answers.get(path)
    if (!answer) return true
    lookedAt.set(path, time)
    for (const file of [answer.file, ...answer.variants.values()])
      if ((await versionOf(file.file)) !== file.version) return true
    return false
  }

  return {
    async find(path) {
      if (await isStale(path)) walkAgain()
      await known
      return answers.get(path)
    },
  }
}

/** What can be asked for: a compressed sibling belongs to its file, and is no answer of its own. */
function assemble(files: ReadonlyMap<string, BuildFile>): Map<string, BuildAnswer> {
  const answers = new Map<string, BuildAnswer>()
  const siblings = new Set<string>()
  for (const [path, file] of files) {
    const variants = new Map<Encoding, BuildFile>()
    for (const encoding of ['br', 'gzip'] as const) {
      const sibling = files.get(path + encodings[encoding])
      if (sibling) variants.set(encoding, sibling)
      if (sibling) siblings.add(sibling.path)
    }
    answers.set(path, { file, variants })
  }
  for (const path of siblings) answers.delete(path)
  return answers
}
