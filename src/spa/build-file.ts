import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FoundFile } from './build-walk.ts'

const memoryFileBytes = 64 * 1024
const memoryPageBytes = 1024 * 1024
const memoryBytes = 32 * 1024 * 1024

export interface FileContent {
  /** Strong: of the bytes, or of what the file system says about them. */
  readonly etag: string
  /** undefined: too large for memory. */
  readonly bytes: Buffer | undefined
}

/** A file of the build that remembers its content, if that is small. */
export interface BuildFile extends FoundFile {
  /** undefined: the file went away meanwhile. */
  read(): Promise<FileContent | undefined>
  /** How much memory it holds. */
  heldBytes(): number
}

/** `heldBytes` says how much all files hold together. */
export function createBuildFile(found: FoundFile, heldBytes: () => number): BuildFile {
  const limit = found.path.endsWith('.html') ? memoryPageBytes : memoryFileBytes
  let content: Promise<FileContent> | undefined
  let held = 0

  async function load(): Promise<FileContent> {
    if (found.bytes > limit || heldBytes() + found.bytes > memoryBytes)
      return { bytes: undefined, etag: entityTag(found.version) }
    held = found.bytes
    const bytes = await readFile(found.file)
    return { bytes, etag: entityTag(bytes) }
  }

  return {
    ...found,
    heldBytes: () => held,
    read() {
      content ??= load()
      return content.catch(() => {
        held = 0
        content = undefined
        return undefined
      })
    },
  }
}

function entityTag(content: Buffer | string): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
}
