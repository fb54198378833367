interface NetworkFailure {
  readonly seen: string
  readonly advice: string
}

const explanations: readonly (readonly [codes: RegExp, seen: string, advice: string])[] = [
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'the host’s name does not resolve',
    'check its spelling, and the DNS of this machine or container',
  ],
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'check the port, and that it is running and listens beyond its own loopback',
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    'the connection was cut',
    'check that URL and server agree about TLS, and what stands in between',
  ],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, 'there is no route to it', 'check the network this machine is in'],
  [
    /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|TimeoutError|timeout)$/,
    'it did not answer in time',
    'check firewalls and security groups on the way',
  ],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired', 'renew it, or correct this machine’s clock'],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'its certificate is for another name',
    'use the name that the certificate is for',
  ],
  [
    /CERT|UNABLE_TO_(VERIFY|GET)|SELF_SIGNED/,
    'its certificate is not trusted',
    'put the CA’s certificate into a file and name it in NODE_EXTRA_CA_CERTS',
  ],
  [
    /WRONG_VERSION_NUMBER|^EPROTO$/,
    'it does not speak TLS',
    'use the URL without TLS, or switch TLS on there',
  ],
]

/** A failed connection in words: what was seen, and what a person can do about it. */
export function explainFailure(error: unknown): NetworkFailure {
  const codes = codesOf(error)
  for (const [pattern, seen, advice] of explanations) {
    const code = codes.find((one) => pattern.test(one))
    if (code) return { seen: `${seen} (${code})`, advice }
  }
  return { seen: codes[0] ?? 'it cannot be reached', advice: 'look at its own log' }
}

/** Codes of an error, of what caused it, and of the attempts it stands for (happy eyeballs try several addresses). */
function codesOf(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== 'object' || error === null || depth > 8) return []
  const { code, name, cause, errors = [] } = error as ChainedError
  return [
    ...(typeof code === 'string' ? [code] : []),
    ...errors.flatMap((one) => codesOf(one, depth + 1)),
    ...codesOf(cause, depth + 1),
    ...(name === 'TimeoutError' ? [name] : []),
  ]
}

interface ChainedError {
  /** A DOMException's is a number. */
  readonly code?: unknown
  readonly name?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}
