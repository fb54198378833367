import { describe, expect, it } from '@jest/globals'
import { uniqueKey } from '../../src/signup/unique-key.ts'

describe('a unique value', () => {
  it.each([
    ['case', 'Kim', 'kIM'],
    ['sharp s', 'straße', 'STRASSE'],
    ['final sigma', 'ΟΔΟΣ', 'οδος'],
    ['dotless i', 'ilkay', 'ılkay'],
    ['full width', 'ｋｉｍ', 'kim'],
    ['composition', '\u1100\u1161\u1102\u1161', '가나'],
    ['composition after something invisible went', 'Ame\u200b\u0301lie', 'amélie'],
    ['zero-width space', 'ki\u200bm', 'kim'],
    ['soft hyphen', 'ki\u00adm', 'kim'],
    ['variation selector', 'kim\ufe0f', 'kim'],
    ['Hangul filler', '김\u3164', '김'],
    ['white space', 'kim  lee', 'kim lee'],
    ['no-break space', 'kim\u00a0lee', 'kim lee'],
    ['Cyrillic a', 'mаry', 'mary'],
    ['Cyrillic capitals', 'ВОВ', 'BOB'],
    ['Greek omicron', 'bοb', 'bob'],
    ['capital I and small L', 'paypaI', 'paypal'],
    ['digit one', 'paypa1', 'paypal'],
    ['digit zero', 'b0b', 'bob'],
    ['Hangul letter for a circle', 'bㅇb', 'bob'],
    ['Katakana and Han', 'ロ', '口'],
    ['dashes', 'a–b', 'a-b'],
    ['mathematical letters', '𝓴𝓲𝓶', 'kim'],
  ])('is the same in spite of %s', (_, one, other) => {
    expect(uniqueKey(one)).toBe(uniqueKey(other))
  })

  it.each([
    ['김철수', '김철호'],
    ['jose', 'josé'],
    ['user1', 'user2'],
    ['ab', 'a b'],
    ['👨‍👩‍👧', '👨‍👩‍👦'],
  ])('tells %s from %s', (one, other) => {
    expect(uniqueKey(one)).not.toBe(uniqueKey(other))
  })

  it('is short enough for an index, however long the text', () => {
    const [one, other] = ['a', 'b'].map((end) => uniqueKey('\u{1f600}'.repeat(900) + end))
    expect(Buffer.byteLength(one ?? '')).toBeLessThan(200)
    expect(one).not.toBe(other)
  })
})
