/** Somebody whose time is kept. */
export interface Timed {
  /** The answer's head is out. */
  readonly answering: boolean
  /** The answer's head did not come in time, or its body has stood still for too long. */
  outOfTime(): void
}

/** A call's time: until the answer's head it has a deadline, and then its body may pause, but not for long. */
export class CallTimer {
  readonly #call: Timed
  readonly #idleMs: number
  #timer: NodeJS.Timeout | undefined
  #watchesBody = false
  #moved = false

  /** `idleMs`: how long a body may pause. */
  constructor(call: Timed, idleMs: number) {
    this.#call = call
    this.#idleMs = idleMs
  }

  /** From now on the head has `ms`. */
  start(ms: number): void {
    this.#timer = setTimeout(ring, ms, this)
  }

  /** The head's time begins again: the request is still on its way, or goes once more. */
  restart(): void {
    this.#timer?.refresh()
  }

  /** Something of the body moved. Cheap: no timer is touched. */
  moved(): void {
    this.#moved = true
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  ring(): void {
    if (!this.#call.answering || (this.#watchesBody && !this.#moved)) {
      this.#call.outOfTime()
      return
    }
    this.#watchesBody = true
    this.#moved = false
    this.start(this.#idleMs)
  }
}

function ring(timer: CallTimer): void {
  timer.ring()
}
