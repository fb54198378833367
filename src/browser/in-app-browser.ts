/** A browser inside another app. Google refuses to sign anybody in there (`disallowed_useragent`), and its cookies are its own. */
export interface InAppBrowser {
  readonly app: 'KakaoTalk' | 'Naver' | 'Instagram' | 'Facebook' | 'Line'
  /** A link that opens `url` in the person's own browser; undefined: only the app's menu can. */
  wayOut(url: string): string | undefined
}

const marks = [
  ['KakaoTalk', /KAKAOTALK/i],
  ['Naver', /NAVER\(inapp/i],
  ['Instagram', /Instagram/],
  ['Facebook', /FBAN|FBAV/],
  ['Line', /\bLine\//],
] as const

/** Which app's browser this is; undefined: an ordinary one. */
export function inAppBrowser(userAgent: string = navigator.userAgent): InAppBrowser | undefined {
  const app = marks.find(([, mark]) => mark.test(userAgent))?.[0]
  if (!app) return undefined
  return {
    app,
    wayOut(url) {
      const { protocol, href } = new URL(url)
      const scheme = protocol.slice(0, -1)
      if (scheme !== 'https' && scheme !== 'http') return undefined
      if (app === 'KakaoTalk') return `kakaotalk://web/openExternal?url=${encodeURIComponent(href)}`
      if (app === 'Line') return withParameter(href, 'openExternalBrowser', '1')
      // An intent's own fragment marker ends the address: one of the page's has to be escaped.
      const address = href.slice(scheme.length + 3).replace('#', '%23')
      return /Android/.test(userAgent)
        ? `intent://${address}#Intent;scheme=${scheme};action=android.intent.action.VIEW;end`
        : undefined
    },
  }
}

function withParameter(href: string, name: string, value: string): string {
  const url = new URL(href)
  url.searchParams.set(name, value)
  return url.href
}
