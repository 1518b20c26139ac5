/**
 * What is drawn in an SVG of ours: texts, marks, the boxes that texts take, and the contrast of colours.
 *
 * Reads the text of the SVG, as far as `bench/report/svg.ts` writes it.
 */
import { widthOf } from '../../../bench/report/words.ts'

/** A text. */
export interface Text {
  readonly text: string
  readonly classes: readonly string[]
  readonly x: number
  readonly y: number
  readonly anchor: string
}

/** The texts, in order. */
export function textsOf(svg: string): Text[] {
  const pattern = /<text class="([^"]+)" x="([\d.-]+)" y="([\d.-]+)"(?: text-anchor="(\w+)")?[^>]*>([^<]*)<\/text>/gu
  return [...svg.matchAll(pattern)].map(([, classes = '', x, y, anchor = 'start', text = '']) => ({
    text,
    classes: classes.split(' '),
    x: Number(x),
    y: Number(y),
    anchor,
  }))
}

/** A mark of a kind. */
export interface Mark {
  readonly kind: string
  readonly x: number
  /** The shape without its place. */
  readonly shape: string
  readonly isHollow: boolean
}

/** The marks, in order: those of the legend come first. */
export function marksOf(svg: string): Mark[] {
  return [...svg.matchAll(/<(\w+) class="mark (ground )?(\w+)" ([^>]*)\/>/gu)].map(
    ([, tag, ground, kind = '', rest = '']) => {
      const isHollow = ground !== undefined
      const [, cx] = /cx="([\d.]+)"/u.exec(rest) ?? []
      if (cx !== undefined) return { kind, x: Number(cx), shape: String(tag), isHollow }
      const points = (/points="([^"]+)"/u.exec(rest)?.[1] ?? '').split(' ').map((point) => point.split(',').map(Number))
      const xs = points.map(([x = NaN]) => x)
      const x = (Math.min(...xs) + Math.max(...xs)) / 2
      return { kind, x, shape: `${points.length} corners, ${Math.round(Math.max(...xs) - x)} wide`, isHollow }
    },
  )
}

/** A text and what it covers. */
export interface Box {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The boxes of the texts, in the widest of the fonts that a system may have. */
export function boxesOf(svg: string): Box[] {
  const sizes = new Map(
    [...svg.matchAll(/\.(\w+)\{font-size:([\d.]+)px\}/gu)].map(([, name, size]) => [name, Number(size)]),
  )
  return textsOf(svg).map(({ text, classes, x, y, anchor }) => {
    const size = classes.map((one) => sizes.get(one)).find((one) => one !== undefined) ?? NaN
    const plain = text.replace(/&\w+;/gu, '&')
    const width = widthOf(plain, size, classes.includes('title') || classes.includes('bold'))
    const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
    return { text, left, right: left + width, top: y - size * 0.75, bottom: y + size * 0.2 }
  })
}

/** The pairs of texts that cover each other. */
export function overlapsOf(svg: string): string[] {
  const boxes = boxesOf(svg)
  return boxes.flatMap((one, place) =>
    boxes
      .slice(place + 1)
      .filter((two) => one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom)
      .map((two) => `${one.text} | ${two.text}`),
  )
}

/** How far the colours of a picture are from what is behind them, the worst of ground and band. */
export function contrastsOf(
  svg: string,
  scheme: 'light' | 'dark',
): { readonly texts: number[]; readonly marks: number[] } {
  const [light = '', dark = ''] = (/<style>(.*)<\/style>/u.exec(svg)?.[1] ?? '').split(
    '@media (prefers-color-scheme:dark)',
  )
  const rules = scheme === 'light' ? light : dark
  const colourOf = (name: string): string =>
    new RegExp(`\\.${name}\\{(?:fill|color):(#\\w{6})`, 'u').exec(rules)?.[1] ?? ''
  const kinds = ['limit', 'ours', 'promises', 'scheduler', 'python']
  const worst = (name: string): number =>
    Math.min(...['ground', 'band'].map((behind) => contrast(colourOf(name), colourOf(behind))))
  // The names at the end of lines are in the colours of the kinds.
  return { texts: ['ink', 'soft', ...kinds].map(worst), marks: kinds.map(worst) }
}

/** As the WCAG defines it. */
function contrast(one: string, other: string): number {
  const [light = NaN, dark = NaN] = [one, other].map(luminance).sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5].map((place) => {
    const part = parseInt(colour.slice(place, place + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
