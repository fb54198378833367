import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

const moved = new Event('moved')

/** Goes to a path of this app without leaving the page. */
export function go(path: string, { replace = false } = {}): void {
  const url = new URL(path, location.href)
  // The language that was chosen comes along.
  const language = new URLSearchParams(location.search).get('lang')
  if (language && !url.searchParams.has('lang')) url.searchParams.set('lang', language)
  history[replace ? 'replaceState' : 'pushState'](null, '', url)
  window.dispatchEvent(moved)
  if (!url.hash) window.scrollTo(0, 0)
}

/** The URL as it is now. */
export function useLocation(): URL {
  return new URL(useSyncExternalStore(subscribe, () => location.href))
}

export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  function onClick(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
    event.preventDefault()
    go(href)
  }
  const current = useLocation().pathname === href ? ('page' as const) : undefined
  return <a {...rest} href={href} onClick={onClick} aria-current={current} />
}

/** A path of this origin, or the fallback: an address bar is written by anybody. */
export function localPath(value: string | null, fallback = '/'): string {
  if (!value?.startsWith('/') || !URL.canParse(value, location.origin)) return fallback
  const url = new URL(value, location.origin)
  return url.origin === location.origin && !url.pathname.startsWith('//') ? value : fallback
}

function subscribe(listener: () => void): () => void {
  for (const event of ['moved', 'popstate', 'hashchange']) window.addEventListener(event, listener)
  return () => {
    for (const event of ['moved', 'popstate', 'hashchange']) window.removeEventListener(event, listener)
  }
}
