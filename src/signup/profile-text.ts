/** What stands where but shows nothing: default ignorables (Unicode, DerivedCoreProperties), a blank Braille cell, fillers. */
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\ufffc\u{1d159}]/gu

/** Line breaks and tabs are text; the other control characters are not. */
const control = /[\p{Cc}--[\n\t]]/v

/** Embeddings, overrides and isolates reorder what stands around a name (Unicode Technical Report 36, §2.5). */
const bidiControl = /[\u202a-\u202e\u2066-\u2069]/u

/** How text is stored: compatibility-composed (Unicode Annex 15), without white space around it. */
export function normaliseText(text: string): string {
  return text.normalize('NFKC').trim()
}

/** The text without what nobody sees. */
export function visibleText(text: string): string {
  return text.replace(invisible, '').trim()
}

/** Why no text of a profile can be this one; undefined: it can. An empty one is the schema's business. */
export function textFlaw(text: string): 'characters' | 'invisible' | undefined {
  if (!text.isWellFormed() || control.test(text) || bidiControl.test(text)) return 'characters'
  return text !== '' && visibleText(text) === '' ? 'invisible' : undefined
}
