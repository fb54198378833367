/**
 * Properties that no sign-up schema may have: they would become claims of the service token, where these mean something
 * else (RFC 7519 §4.1, RFC 9068 §2.2, RFC 8693 §4, RFC 7800 §3.1, OIDC Core §2).
 */
const reservedClaims =
  'iss sub aud exp nbf iat jti client_id sid provider scope scp roles groups permissions entitlements auth_time acr amr azp act cnf may_act'

/** `id` is the user's own in every session body; `__proto__` is no name for data in JavaScript. */
export const reservedNames: ReadonlySet<string> = new Set([...reservedClaims.split(' '), 'id', '__proto__'])
