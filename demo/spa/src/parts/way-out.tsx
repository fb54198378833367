import { inAppBrowser } from 'coatcheck/browser'
import { useTexts } from '../language.tsx'
import { useLocation } from '../router.tsx'
import { Notice } from './notice.tsx'

/** For whoever opened a link in a chat: why Google will not do here, and how to get out with the same address. */
export function WayOut() {
  const t = useTexts()
  const { href } = useLocation()
  const inApp = inAppBrowser()
  if (!inApp) return null
  const wayOut = inApp.wayOut(href)
  return (
    <Notice>
      {t.inApp(inApp.app)} {wayOut ? <a href={wayOut}>{t.inAppLeave}</a> : t.inAppMenu}
    </Notice>
  )
}
