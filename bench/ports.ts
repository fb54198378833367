let next = 20_000 + Math.floor(Math.random() * 8000)

/**
 * A port for a server that starts in a moment: below the range from which the system takes ports for outgoing
 * connections, of which a bench makes thousands.
 */
export function serverPort(): number {
  next += 1
  return next
}
