/** Where a text stops being JSON. */
export interface JsonError {
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** In words, without anything of the text but a punctuation mark. */
  readonly what: string
}

class Stop extends Error {
  readonly at: number
  constructor(at: number, what: string) {
    super(what)
    this.at = at
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const space = /[ \t\n\r]*/y

/**
 * The first mistake of a text as RFC 8259 has it; undefined: it is JSON.
 * `JSON.parse` names a position only for some mistakes, and quotes the text, which may be a secret.
 */
export function jsonError(text: string): JsonError | undefined {
  let at = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at += found[0].length
    return found !== null
  }
  const skip = () => take(space)
  const stop = (what: string): never => {
    throw new Stop(at, at >= text.length ? 'the text ends too early' : what)
  }
  const expectMark = (mark: string, what: string) => {
    skip()
    if (text[at] !== mark) stop(explain(what))
    at += 1
  }
  /** What commonly stands there instead. */
  const explain = (otherwise: string): string => {
    if (text[at] === "'") return 'strings stand in double quotes'
    if (text[at] === '/' || text[at] === '#') return 'JSON has no comments'
    if (text[at] === '“' || text[at] === '”') return 'a typographic quotation mark: write "'
    return otherwise
  }
  function quoted(what: string): void {
    if (text[at] !== '"') stop(explain(what))
    if (!take(string)) stop('a string that has no end, a line break or a wrong escape')
  }
  function members(close: string, one: () => void): void {
    at += 1
    skip()
    if (text[at] === close) {
      at += 1
      return
    }
    for (;;) {
      one()
      skip()
      if (text[at] === close) break
      expectMark(',', `a comma or ${close} is missing`)
      skip()
      if (text[at] === close) stop(`nothing follows the comma before ${close}`)
    }
    at += 1
  }
  function value(depth: number): void {
    skip()
    if (depth > 500) stop('it is nested too deeply')
    if (text[at] === '{')
      members('}', () => {
        quoted('a name in double quotes is missing')
        expectMark(':', 'a colon is missing')
        value(depth + 1)
      })
    else if (text[at] === '[') members(']', () => value(depth + 1))
    else if (text[at] === '"') quoted('')
    else if (!take(/(?:true|false|null)\b/y) && !take(number)) stop(explain('a value is missing'))
  }

  try {
    value(0)
    skip()
    if (at < text.length) throw new Stop(at, explain('something follows the end'))
    return undefined
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const before = text.slice(0, error.at).split(/\r\n|\r|\n/)
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what: error.message }
  }
}
