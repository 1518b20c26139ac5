/** The picture of `pages.ts`: a row a greenlet, all runs on one time axis. Plain characters only, so it survives a pipe. */

/** What the picture needs to know of a page. */
export interface Row {
  readonly url: string
  readonly began: number
  readonly ended: number
  readonly reason: string | null
}

/** Where the picture is shown. */
export interface Screen {
  /** Columns. */
  width: number
  /** ASCII only. */
  ascii: boolean
}

/** What a screen is told by: `process.stdout`, and the environment. */
type Output = Pick<typeof process.stdout, 'isTTY' | 'columns'>

/** This process's terminal. In a pipe, and on a terminal that calls itself dumb, only ASCII is safe. */
export function terminal(stdout: Output = process.stdout, env: NodeJS.ProcessEnv = process.env): Screen {
  const width = stdout.isTTY ? stdout.columns : Number(env['COLUMNS'])
  return { width: width > 0 ? width : 80, ascii: !stdout.isTTY || env['TERM'] === 'dumb' }
}

/** Draws the runs below each other; all begin at 0 of the same axis. */
export function picture(runs: Readonly<Record<string, readonly Row[]>>, { width, ascii }: Screen): string {
  const sign = ascii
    ? { bar: '#', turn: '.', failed: 'x', tick: '|', line: '-', cut: '~' }
    : { bar: '█', turn: '·', failed: '×', tick: '┬', line: '─', cut: '…' }

  const started = Object.entries(runs).map(([title, rows]) => ({
    title,
    zero: Math.min(...rows.map((row) => row.began)),
    rows,
  }))
  const totalMs = Math.max(1, ...started.flatMap(({ zero, rows }) => rows.map((row) => row.ended - zero)))

  const labels = [...started.map(({ title }) => title), ...started.flatMap(({ rows }) => rows.map(labelOf))]
  const left = Math.min(Math.max(...labels.map((label) => label.length)), Math.max(12, Math.floor(width * 0.4)))
  const cells = Math.max(8, width - left - 6) // two spaces before the axis, " ms" and one column to spare behind it
  const cellOf = (ms: number): number => Math.round((ms / totalMs) * cells)

  const stepMs = tickStep(totalMs, Math.floor(cells / 7))
  let numbers = ''
  let axis = ''
  for (let ms = 0; cellOf(ms) + String(ms).length <= cells; ms += stepMs) {
    numbers = numbers.padEnd(cellOf(ms)) + String(ms)
    axis = axis.padEnd(cellOf(ms), sign.line) + sign.tick
  }

  const line = (label: string, rest: string): string => `${cut(label, left, sign.cut).padEnd(left)}  ${rest}`.trimEnd()
  const lines = [line('', `${numbers.padEnd(cells)}  ms`)]
  for (const { title, zero, rows } of started) {
    lines.push(line(title, axis.padEnd(cells, sign.line)))
    for (const row of rows) {
      const from = Math.min(cellOf(row.began - zero), cells - 1)
      const to = Math.max(cellOf(row.ended - zero), from + 1)
      const cell = row.reason === null ? sign.bar : sign.failed
      lines.push(line(labelOf(row), sign.turn.repeat(from) + cell.repeat(to - from)))
    }
  }
  const someFailed = started.some(({ rows }) => rows.some((row) => row.reason !== null))
  const legend = [
    `${sign.bar} in flight`,
    `${sign.turn} waits for its turn`,
    ...(someFailed ? [`${sign.failed} failed`] : []),
  ]
  const together = `  ${legend.join('   ')}`
  return [...lines, ...(together.length <= width ? [together] : legend.map((part) => `  ${part}`))].join('\n')
}

function labelOf(row: Row): string {
  return `  ${row.url.replace(/^https?:\/\//u, '').replace(/\/$/u, '')}`
}

/** Keeps the end, which tells the pages of a site apart. */
function cut(label: string, width: number, mark: string): string {
  return label.length <= width ? label : `  ${mark}${label.slice(label.length - width + 3)}`
}

/** The shortest of 1, 2, 5, 10, 20, 50, ... ms that gives at most `most` ticks. */
function tickStep(totalMs: number, most: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) if (totalMs / step <= most) return step
  }
}
