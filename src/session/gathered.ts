/**
 * Turns calls into shared ones: those that come before `due` runs what it is given go out together, and each gets its
 * own reply, or all of them the same error. Many sessions at once then cost the store one command.
 * @param run replies in the order of the calls
 * @param due when a round goes out, asked at its first call: `setImmediate` for the end of this turn of the event loop
 * @param most calls of one round
 */
export function gathered<Call, Reply>(
  run: (calls: readonly Call[]) => Promise<readonly Reply[]>,
  due: (leave: () => void) => unknown,
  most = 100,
): (call: Call) => Promise<Reply> {
  let round: { readonly calls: Call[]; readonly replies: Promise<readonly Reply[]> } | undefined

  function open() {
    const { promise, resolve } = Promise.withResolvers<void>()
    const calls: Call[] = []
    const mine = {
      calls,
      replies: promise.then(() => {
        if (round === mine) round = undefined
        return run(calls)
      }),
    }
    due(resolve)
    return mine
  }

  return async (call) => {
    round ??= open()
    const { calls, replies } = round
    const place = calls.push(call) - 1
    if (calls.length === most) round = undefined
    return (await replies)[place] as Reply
  }
}
