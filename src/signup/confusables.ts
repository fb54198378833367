/**
 * Characters that people take for another one, by the one that stands for them: the part of Unicode Technical
 * Standard 39's table that nicknames in Korean and English meet. After case folding, so a letter goes with the look of its
 * capital where the small one does not resemble anything (В, в → b).
 */
const lookAlikes: Readonly<Record<string, string>> = {
  // Cyrillic, Greek, Armenian, IPA
  a: 'аαɑ',
  b: 'вβ',
  c: 'с',
  d: 'ԁ',
  e: 'еεҽ',
  g: 'ɡց',
  h: 'нһηհ',
  j: 'јϳ',
  k: 'кκ',
  m: 'мμ',
  n: 'νոп',
  o: '0оοօ〇ㅇᄋ',
  p: 'рρ',
  q: 'ԛզ',
  s: 'ѕ',
  t: 'тτ',
  u: 'սυ',
  w: 'ԝѡω',
  x: 'хχ',
  y: 'уγү',
  z: 'ζ',
  // One upright stroke: capital I, small L, the digit, Cyrillic, Greek, Hangul, Han.
  l: '1i|ıіӏι丨ᅵǀ',
  // Han for Katakana and Hangul
  一: 'ーᅳ',
  口: 'ロᄆ',
  工: 'エ',
  力: 'カ',
  二: 'ニ',
  八: 'ハ',
  夕: 'タ',
  卜: 'ト',
  へ: 'ヘ',
  // Punctuation
  '-': '‐–—−',
  "'": '’‘ʼ`´',
  '.': '․。',
  '·': '・•∙⋅ᆞ',
}

const skeletons = new Map(
  Object.entries(lookAlikes).flatMap(([skeleton, characters]) =>
    [...characters].map((character) => [character, skeleton] as const),
  ),
)

/** The text with every character replaced by the one it could be taken for. */
export function skeleton(text: string): string {
  let result = ''
  for (const character of text) result += skeletons.get(character) ?? character
  return result
}
