import type { RequestHandler } from 'express'
import helmet from 'helmet'
import type { PagePolicy } from './page-policy.ts'

const yearSeconds = 365 * 24 * 60 * 60

/** Powers of the browser that the app's own pages may ask the person for, but nothing they embed; the rest is off. */
const permissions = Object.entries({
  camera: '(self)',
  microphone: '(self)',
  geolocation: '(self)',
  payment: '(self)',
  fullscreen: '(self)',
  'publickey-credentials-get': '(self)',
  'browsing-topics': '()',
  hid: '()',
  midi: '()',
  serial: '()',
  usb: '()',
})
  .map(([feature, allowed]) => `${feature}=${allowed}`)
  .join(', ')

/** The headers of every page (ASVS V3.4): what the browser may do with it, and who may look at it. */
export function createSecurityHeaders(
  policy: PagePolicy,
  options: { readonly secure: boolean },
): RequestHandler {
  const setHelmetHeaders = helmet({
    contentSecurityPolicy: false,
    // ASVS V3.4.1: at least a year, subdomains too. Only over https: RFC 6797 §7.2.
    strictTransportSecurity: options.secure && { maxAge: yearSeconds, includeSubDomains: true },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    // Not `no-referrer`: it would turn the Origin of our own forms into `null` (Fetch §3.2).
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  return function setSecurityHeaders(req, res, next) {
    policy.apply(res)
    res.setHeader('Permissions-Policy', permissions)
    setHelmetHeaders(req, res, next)
  }
}
