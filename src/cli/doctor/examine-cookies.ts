import type { Config } from '../../config/config.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { navigate } from './visit.ts'

const area = 'public url'

/** Begins a login through whatever stands in front, and looks at the cookie that comes back. */
export async function examineCookies({
  public: { origin, secure },
  providers: [login],
}: Config): Promise<readonly Finding[]> {
  if (!login) return []
  const { statusCode, headers } = await navigate(`${origin}/auth/login/${login.id}`)
  const leave = 'let the proxy in front leave Set-Cookie alone'
  const [cookie] = headers['set-cookie'] ?? []
  if (cookie === undefined)
    return [
      statusCode === 302
        ? failed(area, 'cookies do not arrive: nobody can sign in', leave)
        : warning(area, `a login answers ${statusCode}`, 'look at what the providers’ lines say'),
    ]
  const intact =
    /; *HttpOnly/i.test(cookie) &&
    !/; *Domain=/i.test(cookie) &&
    (!secure || (/^__Host-/.test(cookie) && /; *Secure/i.test(cookie)))
  if (intact) return [ok(area, 'cookies arrive with their attributes')]
  return [failed(area, 'cookies arrive changed', leave)]
}
