export interface LineBatch {
  write(line: string): void
  /** Hands over what is waiting. */
  flush(): void
}

/**
 * Lines that go out together: when there are `most` characters, or `ms` after the first. A write costs ten times what a line
 * does, and the batching of pino's own stream as much as four lines, because it measures all that is waiting with each.
 */
export function batchLines(
  target: { write(text: string): unknown },
  { most, ms }: { readonly most: number; readonly ms: number },
): LineBatch {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting === '') return
    const text = waiting
    waiting = ''
    target.write(text)
  }

  return {
    write(line) {
      waiting += line
      if (waiting.length >= most) flush()
      else timer ??= setTimeout(flush, ms).unref()
    },
    flush,
  }
}
