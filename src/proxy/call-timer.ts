/** Somebody whose time is kept. */
export interface Timed {
  /** The answer's head is out. */
  readonly answering: boolean
  /** How long it may take until the next piece of the request's body, or else until the answer's head, ms. */
  readonly patienceMs: number
  /** Neither came in time, or the answer's body has stood still for too long. */
  outOfTime(): void
}

/** A call's time: until the answer's head it has deadlines, and then its body may pause, but not for long. */
export class CallTimer {
  readonly #call: Timed
  readonly #ms: number
  readonly #idleMs: number
  #timer: NodeJS.Timeout | undefined
  /** What the timer was set to, and how long it has run in vain before. */
  #setMs = 0
  #waitedMs = 0
  #watchesBody = false
  #moved = false

  /** `timeoutMs`: for the answer's head. `idleMs`: how long a body may pause. */
  constructor(call: Timed, { timeoutMs, idleMs }: { readonly timeoutMs: number; readonly idleMs: number }) {
    this.#call = call
    this.#ms = Math.min(timeoutMs, idleMs)
    this.#idleMs = idleMs
  }

  start(): void {
    this.#set(this.#ms)
  }

  /** The deadline begins again: some more of the request has come, or it goes up (once more). Cheap: no timer is made. */
  restart(): void {
    this.#waitedMs = 0
    this.#moved = true
    this.#timer?.refresh()
  }

  /** Something of the answer's body moved. Cheap: no timer is touched. */
  moved(): void {
    this.#moved = true
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  ring(): void {
    if (this.#call.answering) {
      if (this.#watchesBody && !this.#moved) {
        this.#call.outOfTime()
        return
      }
      this.#watchesBody = true
      this.#moved = false
      this.#set(this.#idleMs)
      return
    }
    this.#waitedMs += this.#setMs
    const leftMs = this.#call.patienceMs - this.#waitedMs
    if (leftMs > 0) this.#set(Math.min(leftMs, this.#ms))
    else this.#call.outOfTime()
  }

  #set(ms: number): void {
    this.#setMs = ms
    this.#timer = setTimeout(ring, ms, this)
  }
}

function ring(timer: CallTimer): void {
  timer.ring()
}
