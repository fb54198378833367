import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One of this folder's scripts, in a process of its own. */
export interface HelperProcess {
  /** Sends a line to its stdin. */
  tell(line: string): void
  /** The next line of its stdout. */
  nextLine(): Promise<string>
  stop(): void
}

export function startHelper(script: string, ...args: string[]): HelperProcess {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, script), ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface(child.stdout as NodeJS.ReadableStream)
  return {
    tell: (line) => void child.stdin?.write(`${line}\n`),
    async nextLine() {
      const [line] = (await once(lines, 'line')) as [string]
      return line
    },
    stop: () => void child.kill(),
  }
}
