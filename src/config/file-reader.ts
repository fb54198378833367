import { resolve } from 'node:path'
import { jsonError } from './json-error.ts'
import { NotText } from './text-file.ts'

/** How a start reads the files that the environment names; tests hand in their own. */
export interface FileReader {
  /** The text of a file. @throws NotText, or a system error, when it cannot be read */
  read(path: string): string
  /** The permission bits; undefined: unknown. */
  mode?(path: string): number | undefined
}

/** What a system's error codes mean, for a person. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'its links go round in a circle',
  ENAMETOOLONG: 'the path is too long',
}

/** `names /srv/keys.json, which …`: why a file was no good, without a word of what stands in it. */
export function fileProblem(path: string, cause: unknown): string {
  const which = `names ${resolve(path)}, which`
  if (cause instanceof NotText) return `${which} ${cause.message}`
  const { code } = cause as NodeJS.ErrnoException
  return `${which} cannot be read${reasonOf(code)}`
}

/** ` (ENOENT): there is no such file` */
export function reasonOf(code: string | undefined, own: Readonly<Record<string, string>> = {}): string {
  if (code === undefined) return ''
  const reason = own[code] ?? reasons[code]
  return reason === undefined ? ` (${code})` : ` (${code}): ${reason}`
}

/** A JSON file's content, or the problem with it as the rest of a sentence that begins with the variable. */
export function readJsonFile(
  files: FileReader,
  path: string,
): { readonly json: unknown } | { readonly problem: string } {
  try {
    const text = files.read(path)
    const flaw = jsonFlaw(text)
    return flaw === undefined
      ? { json: JSON.parse(text) }
      : { problem: `names ${resolve(path)}, which is not JSON: ${flaw}` }
  } catch (cause) {
    return { problem: fileProblem(path, cause) }
  }
}

/** `line 3, column 5: …`; undefined: the text is JSON. */
export function jsonFlaw(text: string): string | undefined {
  if (text.trim() === '') return 'it is empty'
  const flaw = jsonError(text)
  return flaw && `line ${flaw.line}, column ${flaw.column}: ${flaw.what}`
}
