/** What `within` answers when the time was up first. */
export const late = Symbol('late')

/** The value of `work`, or `late` after `ms` of the machine's time. What is late goes on, and nobody hears of it. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, ms, late)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
