import type { IncomingMessage } from 'node:http'

/** Whose body is awaited. */
export interface Awaited {
  readonly req: IncomingMessage
  /** The body has brought too little. */
  tooSlow(): void
}

/** Cuts off whoever holds a connection by sending a body in drips. */
export interface BodyPace {
  /** From now on; until `forget`, or the body is whole. */
  watch(awaited: Awaited): void
  forget(awaited: Awaited): void
}

export interface PaceLimits {
  readonly bytes: number
  readonly perMs: number
}

/** Looks so often in the time that it grants: whoever is too slow is cut up to a sixth later. */
const looks = 6

interface Window {
  looksLeft: number
  bytesRead: number
}

/** `bytes` in each `perMs` is the least that a body must bring while we read it: 60 KB a minute unless told. */
export function createBodyPace({ bytes, perMs }: PaceLimits = { bytes: 60_000, perMs: 60_000 }): BodyPace {
  const watched = new Map<Awaited, Window>()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    for (const [awaited, window] of watched) {
      const { req } = awaited
      if (req.complete || req.destroyed) watched.delete(awaited)
      // The upstream reads slowly: no fault of the sender's.
      else if (req.isPaused()) Object.assign(window, from(req))
      else {
        window.looksLeft -= 1
        if (window.looksLeft > 0) continue
        if (req.socket.bytesRead - window.bytesRead >= bytes) Object.assign(window, from(req))
        else {
          watched.delete(awaited)
          awaited.tooSlow()
        }
      }
    }
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    watch(awaited) {
      watched.set(awaited, from(awaited.req))
      timer ??= setInterval(look, perMs / looks).unref()
    },
    forget: (awaited) => void watched.delete(awaited),
  }
}

/** One look more: the first may come at once. */
function from({ socket }: IncomingMessage): Window {
  return { looksLeft: looks + 1, bytesRead: socket.bytesRead }
}
