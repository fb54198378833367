/** How a start reads the files that the environment names; tests hand in their own. */
export interface FileReader {
  /** UTF-8. @throws when it cannot be read */
  read(path: string): string
}

/** Why a JSON file was no good, without a word of what stands in it. */
export function fileProblem(cause: unknown): string {
  if (cause instanceof SyntaxError) return 'names a file that is not well-formed JSON'
  const { code } = cause as NodeJS.ErrnoException
  return `names a file that cannot be read${code ? ` (${code})` : ''}`
}
