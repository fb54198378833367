import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { hasHiddenName } from './servable-path.ts'

/** A file that a walk found: where it is, and what tells it from an earlier or later one of its name. */
export interface FoundFile {
  /** As a browser asks for it, in NFC: `/assets/index-BxZ9a_3k.js`. */
  readonly path: string
  /** Absolute, links followed. */
  readonly file: string
  readonly bytes: number
  readonly version: string
}

/** Every file below `dir` that may be served: no dotfiles, no source maps, no links that lead outside. */
export async function walkBuild(dir: string): Promise<readonly FoundFile[]> {
  const root = await realpath(dir).catch(() => undefined)
  if (root === undefined) return []
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const found = await Promise.all(entries.map((entry) => inspect(entry, root)))
  return found.filter((file) => file !== undefined)
}

/** The version of the file now; undefined: it is gone. */
export async function versionOf(file: string): Promise<string | undefined> {
  return stat(file).then(version, () => undefined)
}

async function inspect(entry: Dirent, root: string): Promise<FoundFile | undefined> {
  if (!entry.isFile() && !entry.isSymbolicLink()) return undefined
  const name = join(entry.parentPath, entry.name)
  const path = pathBelow(root, name)
  if (path === undefined || !isServable(path)) return undefined
  try {
    const file = entry.isSymbolicLink() ? await realpath(name) : name
    // A link counts by the name that is asked for: Kubernetes mounts `env.json` as a link to `..data/env.json`.
    if (pathBelow(root, file) === undefined) return undefined
    const stats = await stat(file)
    return stats.isFile() ? { path, file, bytes: stats.size, version: version(stats) } : undefined
  } catch {
    // Gone since the folder was listed, or a link to nowhere.
    return undefined
  }
}

function pathBelow(root: string, file: string): string | undefined {
  const below = relative(root, file)
  return below === '' || below === '..' || below.startsWith(`..${sep}`)
    ? undefined
    : `/${below.split(sep).join('/')}`.normalize('NFC')
}

function isServable(path: string): boolean {
  return !hasHiddenName(path) && !/\.map(?:\.br|\.gz)?$/i.test(path)
}

/** The inode and the time of its last change betray a new file even where builds give every file one date. */
function version({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return [size, mtimeMs, ctimeMs, ino].join('-')
}
