/**
 * Writes what a run has found into `docs`: figures, pictures, and what stands between the markers of `docs/performance.md`.
 *
 * `<!-- bench:switch -->` up to `<!-- /bench -->` is the picture and the table of the work `switch`; `bench:growth-switch` how its cost grows,
 * `bench:gates` the aims, `bench:machine` where it was measured, `bench:glance`, for the README, all of it at a glance. All else on a page is
 * prose, and stays. Run by itself, `tsx bench/report/page.ts` draws the figures that are kept once more.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Growth } from '../method/growth.ts'
import { chartOf } from './chart.ts'
import { type Figures, jsonOf, type WorkFigures } from './figures.ts'
import { glanceTable } from './glance.ts'
import { growthChartOf } from './growth-chart.ts'
import { cellOf, gatesTable, growthTable, machineLine, workTable } from './tables.ts'
import { amountText, timeText } from './words.ts'

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url))
/** The pages with markers, from `docs`. */
export const PAGES: readonly string[] = ['performance.md', '../README.md']
const FOLDER = 'bench'
const KEPT = `${FOLDER}/figures.json`

/** What lies in `docs` after a run, by path: `bench/switch.svg`. `pages` are the texts of the pages before, by path. */
export function filesOf(figures: Figures, pages: ReadonlyMap<string, string>): Map<string, string> {
  const parts = partsOf(figures)
  return new Map([
    [KEPT, jsonOf(figures)],
    ...figures.works.map((work) => [pictureOf(work.name), chartOf(work)] as const),
    ...figures.growth.map((growth) => [pictureOf(growthName(growth)), growthChartOf(growth)] as const),
    ...[...pages].map(([path, text]) => [path, filled(text, parts, path)] as const),
  ])
}

/** Writes them, and removes the pictures of works that are no more. */
export async function writePage(figures: Figures): Promise<void> {
  const texts = await Promise.all(PAGES.map(async (path) => [path, await readFile(DOCS + path, 'utf8')] as const))
  const files = filesOf(figures, new Map(texts))
  await mkdir(DOCS + FOLDER, { recursive: true })
  for (const name of await readdir(DOCS + FOLDER)) {
    if (name.endsWith('.svg') && !files.has(`${FOLDER}/${name}`)) await rm(`${DOCS}${FOLDER}/${name}`)
  }
  for (const [path, text] of files) await writeFile(DOCS + path, text)
}

/** What stands between the markers of each name. */
function partsOf(figures: Figures): Map<string, string> {
  return new Map([
    ...figures.works.map((work) => [work.name, workPart(work)] as const),
    ...figures.growth.map((growth) => [growthName(growth), growthPart(growth)] as const),
    ['gates', gatesTable(figures)],
    ['machine', machineLine(figures)],
    ['glance', glanceTable(figures)],
  ])
}

function growthName({ name }: Growth): string {
  return `growth-${name}`
}

function pictureOf(name: string): string {
  return `${FOLDER}/${name}.svg`
}

function workPart(work: WorkFigures): string {
  const picture = `![${altText(altOf(work))}](${pictureOf(work.name)})`
  return [picture, ...(work.remark === '' ? [] : [work.remark]), workTable(work)].join('\n\n')
}

/** Text without what Markdown would take for a mark-up of its own. */
function altText(text: string): string {
  return cellOf(text.replaceAll('`', ''))
}

/** What the picture says in one sentence: the limit, ours, the best rival and the slowest. */
function altOf({ title, unit, measures, contestants, bestRival }: WorkFigures): string {
  const rows = [...contestants].sort((a, b) => a.wallNs.median - b.wallNs.median)
  const said = rows.filter(
    ({ name, kind }, place) => kind === 'limit' || kind === 'ours' || name === bestRival || place === rows.length - 1,
  )
  return `${title}. For one ${unit}: ${said.map(({ name, wallNs }) => `${name} ${amountText(wallNs.median, measures)}`).join(', ')}.`
}

function growthPart(growth: Growth): string {
  const ours = growth.series.filter(({ kind }) => kind === 'ours')
  const said = ours.map(({ name, points }) => {
    const steps = points.map(([count, ns]) => `${timeText(ns)} of ${count.toLocaleString('en-GB')}`)
    return `${name} ${[steps.at(0), steps.at(-1)].join(' and ')}`
  })
  const alt = `${growth.title}. For one ${growth.unit}: ${said.join(', ')}.`
  return `![${altText(alt)}](${pictureOf(growthName(growth))})\n\n${growthTable(growth)}`
}

/** The page with each part between its markers. */
export function filled(page: string, parts: ReadonlyMap<string, string>, path = 'performance.md'): string {
  const whole = page.replace(
    /<!-- bench:(\S+) -->\n([\s\S]*?)<!-- (\/bench|bench:\S+) -->/gu,
    (_, name: string, __, end: string) => {
      if (end !== '/bench')
        throw new Error(`${path}: <!-- bench:${name} --> has no <!-- /bench --> before <!-- ${end} -->.`)
      const part = parts.get(name)
      if (part === undefined) {
        throw new Error(
          `${path} asks for <!-- bench:${name} -->, of which this run has nothing; it has ${[...parts.keys()].join(', ')}.`,
        )
      }
      return `<!-- bench:${name} -->\n\n${part}\n\n<!-- /bench -->`
    },
  )
  const [opened, closed] = [/<!-- bench:/gu, /<!-- \/bench -->/gu].map((marker) => whole.match(marker)?.length ?? 0)
  if (opened !== closed)
    throw new Error(`${path} has ${String(opened)} <!-- bench:... --> and ${String(closed)} <!-- /bench -->.`)
  return whole
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writePage(JSON.parse(await readFile(DOCS + KEPT, 'utf8')) as Figures) // as a run has written it
}
