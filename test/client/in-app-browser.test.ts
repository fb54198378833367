import { describe, expect, it } from '@jest/globals'
import { inAppBrowser } from '../../src/browser/client.ts'

const android =
  'Mozilla/5.0 (Linux; Android 15; SM-S931N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36'
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22A'
const page = 'https://app.example/login?returnTo=%2Fnotes#here'

describe('an in-app browser', () => {
  it.each([
    ['KakaoTalk', `${android} KAKAOTALK/25.1.0 (INAPP)`],
    ['KakaoTalk', `${iphone} KAKAOTALK 25.1.0`],
    ['Naver', `${android} NAVER(inapp; search; 2000; 12.10.1)`],
    ['Instagram', `${iphone} Instagram 370.0.0.0 (iPhone15,2; iOS 19_0)`],
    ['Facebook', `${iphone} [FBAN/FBIOS;FBAV/490.0.0]`],
    ['Line', `${iphone} Safari Line/15.2.0`],
  ])('is known: %s, by %s', (app, userAgent) => {
    expect(inAppBrowser(userAgent)?.app).toBe(app)
  })

  it.each([
    `${iphone} Version/19.0 Safari/604.1`,
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    `${android} Whale/3.0 NAVER`,
  ])('is not taken for one: %s', (userAgent) => {
    expect(inAppBrowser(userAgent)).toBeUndefined()
  })

  it('is left with the whole address, where the app has a way', () => {
    expect(inAppBrowser(`${iphone} KAKAOTALK`)?.wayOut(page)).toBe(
      'kakaotalk://web/openExternal?url=https%3A%2F%2Fapp.example%2Flogin%3FreturnTo%3D%252Fnotes%23here',
    )
    expect(inAppBrowser(`${android} NAVER(inapp;`)?.wayOut(page)).toBe(
      'intent://app.example/login?returnTo=%2Fnotes%23here#Intent;scheme=https;action=android.intent.action.VIEW;end',
    )
    expect(inAppBrowser(`${iphone} Line/15`)?.wayOut(page)).toBe(
      'https://app.example/login?returnTo=%2Fnotes&openExternalBrowser=1#here',
    )
    expect(inAppBrowser(`${iphone} Instagram 370`)?.wayOut(page)).toBeUndefined()
  })

  it('opens nothing but pages', () => {
    expect(inAppBrowser(`${android} KAKAOTALK`)?.wayOut('javascript:alert(1)')).toBeUndefined()
  })
})
