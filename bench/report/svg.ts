/**
 * What the pictures share: frame and colours, the mark of each kind, text, and the logarithmic axis.
 *
 * Stands on the words. An SVG is one string without scripts, fonts or links, with a ground of its own, so that it reads on a light and on a
 * dark page; which of the two it is to be, the reader's system says. Colours are written out in each rule: not everything that shows an SVG
 * knows CSS variables.
 */
import type { Kind } from '../method/work.ts'
import { escaped, widthOf, wrapped } from './words.ts'

export const WIDTH = 760
export const MARGIN = 24

/** Sizes of the classes of text. */
const SIZES = { title: 16, text: 12.5, name: 13, head: 11.5 } as const
type Size = keyof typeof SIZES

/** In the order in which a legend has them. */
const KINDS: readonly {
  readonly kind: Kind
  readonly label: string
  readonly light: string
  readonly dark: string
}[] = [
  { kind: 'limit', label: 'limit', light: '#57606a', dark: '#a8b1bb' },
  { kind: 'ours', label: 'greenloop', light: '#0f6b30', dark: '#4fd16a' },
  { kind: 'promises', label: 'promises and helpers', light: '#0969da', dark: '#6cb6ff' },
  { kind: 'scheduler', label: 'JavaScript schedulers', light: '#8250df', dark: '#c59bff' },
  { kind: 'python', label: 'Python', light: '#b3470b', dark: '#f59a55' },
]

const STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}',
  ...Object.entries(SIZES).map(([name, size]) => `.${name}{font-size:${String(size)}px}`),
  '.title,.bold{font-weight:600}',
  ...colours('light'),
  `@media (prefers-color-scheme:dark){${colours('dark').join('')}}`,
].join('')

function colours(scheme: 'light' | 'dark'): string[] {
  const by = (light: string, dark: string): string => (scheme === 'light' ? light : dark)
  return [
    `.ground{fill:${by('#ffffff', '#0d1117')};stroke:${by('#d1d9e0', '#30363d')}}`,
    `.ink{fill:${by('#1f2328', '#e6edf3')}}`,
    `.soft{fill:${by('#59636e', '#9aa4af')}}`,
    `.grid{stroke:${by('#e2e7ec', '#262c34')}}`,
    `.minor{stroke:${by('#f1f3f6', '#171c23')}}`,
    `.lead{stroke:${by('#c3ccd5', '#3d444d')}}`,
    `.band{fill:${by('#e9f8ed', '#10251a')}}`,
    // For `fill` and `stroke` of the marks, the lines and our names: `currentColor`.
    ...KINDS.map((kind) => `.${kind.kind}{color:${kind[scheme]}}`),
  ]
}

/** The whole picture around what is in it. */
export function framed(height: number, title: string, description: string, body: readonly string[]): string {
  const [width, tall] = [String(WIDTH), String(height)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(plain(title))}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${String(WIDTH - 1)}" height="${String(height - 1)}" rx="8"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

/** How a text is set. */
export interface Setting {
  readonly size: Size
  /** Classes beside that of the size. @defaultValue ink */
  readonly look?: string
  readonly anchor?: 'start' | 'middle' | 'end'
}

/** A text whose middle is at `y`. */
export function textAt(x: number, y: number, text: string, { size, look = 'ink', anchor = 'start' }: Setting): string {
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  const fill = KINDS.some(({ kind }) => look.split(' ').includes(kind)) ? ' fill="currentColor"' : ''
  return `<text class="${size} ${look}" x="${at(x)}" y="${at(y + SIZES[size] * 0.36)}"${place}${fill}>${escaped(text)}</text>`
}

/** The size of a class, for those who measure. */
export function sizeOf(size: Size): number {
  return SIZES[size]
}

export function lineAt(look: string, x1: number, y1: number, x2: number, y2: number, more = ''): string {
  return `<line class="${look}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"${more}/>`
}

/** A place, to a tenth. */
export function at(place: number): string {
  return String(Math.round(place * 10) / 10)
}

const STAR = Array.from({ length: 10 }, (_, corner): [number, number] => {
  const [angle, radius] = [(corner * Math.PI) / 5, corner % 2 === 0 ? 8.5 : 3.8]
  return [Math.sin(angle) * radius, -Math.cos(angle) * radius]
})

/** A shape of its own for each kind, so that nobody needs the colours. Hollow is for what serves nobody else meanwhile. */
const SHAPES: Readonly<Record<Kind, readonly (readonly [number, number])[] | null>> = {
  limit: rectangle(2, 7),
  ours: STAR,
  promises: null, // a circle
  scheduler: rectangle(4.7, 4.7),
  python: [
    [0, -5.8],
    [6, 4.8],
    [-6, 4.8],
  ],
}

function rectangle(x: number, y: number): [number, number][] {
  return [
    [-x, -y],
    [x, -y],
    [x, y],
    [-x, y],
  ]
}

/** The mark of a kind. */
export function markAt(kind: Kind, x: number, y: number, isHollow = false): string {
  const look = `class="mark ${isHollow ? 'ground ' : ''}${kind}" ${isHollow ? '' : 'fill="currentColor" '}`
  const style = isHollow ? 'style="stroke:currentColor" stroke-width="1.8"' : ''
  const shape = SHAPES[kind]
  if (shape === null) return `<circle ${look}cx="${at(x)}" cy="${at(y)}" r="5.2" ${style}/>`
  const points = shape.map(([dx, dy]) => `${at(x + dx)},${at(y + dy)}`).join(' ')
  return `<polygon ${look}points="${points}" stroke-linejoin="round" ${style}/>`
}

/** Titles are Markdown. */
function plain(title: string): string {
  return title.replaceAll('`', '')
}

/** What stands above a picture: its title, what it shows, and the legend. Gives the height that it takes. */
export function heading(
  title: string,
  subtitle: string,
  kinds: ReadonlySet<Kind>,
  hollow: string | null,
): { readonly parts: string[]; readonly bottom: number } {
  const parts: string[] = []
  let y = MARGIN + 8
  for (const line of wrapped(plain(title), WIDTH - 2 * MARGIN, SIZES.title, true)) {
    parts.push(textAt(MARGIN, y, line, { size: 'title' }))
    y += 23
  }
  for (const line of wrapped(subtitle, WIDTH - 2 * MARGIN, SIZES.text)) {
    parts.push(textAt(MARGIN, y, line, { size: 'text', look: 'soft' }))
    y += 18
  }
  y += 8
  let x = MARGIN
  const add = (kind: Kind, label: string, isHollow: boolean): void => {
    const width = 20 + widthOf(label, SIZES.text)
    if (x + width > WIDTH - MARGIN) {
      x = MARGIN
      y += 20
    }
    parts.push(markAt(kind, x + 7, y, isHollow), textAt(x + 19, y, label, { size: 'text' }))
    x += width + 16
  }
  for (const { kind, label } of KINDS) if (kinds.has(kind)) add(kind, label, false)
  if (hollow !== null) add('promises', hollow, true)
  return { parts, bottom: y + 14 }
}

/** So far labels are from each other: `100 ns` has room between. */
const LEAST_APART = 46

/** A logarithmic axis over some values. */
export interface Axis {
  /** Where a value is; what is not above zero is at the beginning. */
  at(value: number): number
  /** The values that are labelled. */
  readonly major: readonly number[]
  readonly minor: readonly number[]
}

/** An axis from `from` to `to` in which all `values` have their place; those that are not above zero have none. */
export function logAxis(values: readonly number[], from: number, to: number): Axis {
  const positive = values.filter((value) => value > 0)
  const [least, most] = positive.length === 0 ? [1, 10] : [Math.min(...positive), Math.max(...positive)]
  const [low, high] = [Math.log10(least) - 0.08, Math.log10(most) + 0.08]
  const within: number[] = []
  const decades: number[] = []
  for (let power = Math.floor(low); power <= high; power++) {
    for (const digit of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const value = Number(`${String(digit)}e${String(power)}`)
      if (Math.log10(value) < low || Math.log10(value) > high) continue
      within.push(value)
      if (digit === 1) decades.push(value)
    }
  }
  const placeOf = (value: number): number =>
    from + ((Math.log10(Math.max(value, least)) - low) / (high - low)) * (to - from)
  // Over less than two decades their beginnings alone say nothing, and over very little there is no round number at all.
  const few = within.filter((value) => /^[125]/u.test(value.toExponential()))
  const candidates = [decades, few].find((some) => some.length >= 2) ?? (within.length > 0 ? within : [most])
  const major: number[] = []
  for (const value of candidates) {
    const before = major.at(-1)
    if (before === undefined || Math.abs(placeOf(value) - placeOf(before)) >= LEAST_APART) major.push(value)
  }
  return { at: placeOf, major, minor: within.filter((value) => !major.includes(value)) }
}

/** The label of a place of an axis: `10 µs`, without noughts that say nothing. */
export function tickText(text: string): string {
  return text.replace(/\.0+(?= |$)/u, '')
}
