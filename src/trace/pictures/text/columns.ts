/**
 * Text as a terminal shows it: how many columns it takes, cut and padded to a number of them, in lines, in columns of a table.
 *
 * An ideograph or an emoji takes two columns, an accent that stands alone none. Names come from programs: what would move the cursor is
 * replaced. Stands on nothing.
 */

const PLAIN = /^[\x20-\x7e]*$/u
/** Characters that take a column each and join with nothing: Latin letters, punctuation, and what bars and lines are drawn with. */
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u024f\u2010-\u2027\u2500-\u25b6]*$/u
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
/** Joins the parts of one emoji, and chooses how it is shown; of the control characters these may stay. */
const JOINERS = /\u200d|\ufe0f/u
const MARK = /^[\p{Mn}\p{Me}\u200d]$/u
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u

/** First and last of the characters that take two columns: ideographs, syllables, and the wide forms of others. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]

let segmenter: Intl.Segmenter | null = null

/** What a person takes for one character each: those that `text` consists of. */
export function characters(text: string): readonly string[] {
  if (NARROW.test(text)) return text.split('')
  segmenter ??= new Intl.Segmenter()
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** How many columns a character takes. */
export function columnsOf(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  if (EMOJI.test(character) || WIDE.some(([first, last]) => code >= first && code <= last)) return 2
  return MARK.test(character) ? 0 : 1
}

/** How many columns `text` takes. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : characters(text).reduce((sum, character) => sum + columnsOf(character), 0)
}

/** `text` in one line, without what a terminal would obey; `ascii`: and without what is not ASCII. */
export function clean(text: string, ascii = false): string {
  if (PLAIN.test(text)) return text
  const shown = text.replace(CONTROL, (character) => (JOINERS.test(character) ? character : '?'))
  return ascii
    ? characters(shown)
        .map((one) => (PLAIN.test(one) ? one : '?'))
        .join('')
    : shown
}

/** `text`, cut to at most `width` columns; what is cut ends in a mark that says so. */
export function cut(text: string, width: number, ascii = false): string {
  if (widthOf(text) <= width) return text
  const mark = ascii ? '..' : '…'
  let kept = ''
  let left = width - widthOf(mark)
  if (left < 0) return mark.slice(0, Math.max(0, width))
  for (const character of characters(text)) {
    left -= columnsOf(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}${mark}`
}

/** A name, cut in such a way that the number at its end stays. */
export function cutName(name: string, width: number, ascii = false): string {
  if (widthOf(name) <= width) return name
  const number = /[- ]\(?[\d,]+\)?$/u.exec(name)?.[0] ?? ''
  return number.length + 3 > width
    ? cut(name, width, ascii)
    : cut(name.slice(0, -number.length || undefined), width - number.length, ascii) + number
}

/** `text`, filled up to `width` columns: behind it, or before it when it is to stand at the right. */
export function pad(text: string, width: number, right = false): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? `${fill}${text}` : `${text}${fill}`
}

/** `parts` in lines of at most `width` columns, `gap` spaces apart; what is longer than a line is cut. */
export function lines(parts: readonly string[], width: number, gap: number, ascii = false): string[] {
  const all: string[] = []
  let line = ''
  for (const part of parts) {
    const longer = line === '' ? part : `${line}${' '.repeat(gap)}${part}`
    if (line !== '' && widthOf(longer) > width) {
      all.push(line)
      line = part
    } else line = longer
  }
  return [...all, line].map((one) => cut(one, width, ascii))
}

/** A sentence in lines of at most `width` columns; a number stays with its unit. */
export function sentence(text: string, width: number, ascii = false): string[] {
  return lines(text.split(/ (?!(?:[µu]s|ms|s|min|h)\b)/u), width, 1, ascii)
}

/** A number of things: `1 greenlet`, `10,000 greenlets`. */
export function counted(number: number, one: string, many: string = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** A place as short as it can be recognised. */
export function placeText({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file.split(/[/\\]/u).at(-1) ?? file}:${line}`
}
