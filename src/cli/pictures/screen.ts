/**
 * Where something is drawn: how wide a stream of this process is, and what it understands.
 *
 * Stands on nothing. What is drawn is the drawings' to say.
 */

/** What is to be known of a stream: `process.stdout`. */
export interface Output {
  /** Missing in a pipe. */
  readonly isTTY?: boolean
  /** Missing in a pipe. */
  readonly columns?: number
}

/** What may be drawn on it. */
export interface Screen {
  /** Columns. */
  readonly width: number
  /** ASCII only: in a pipe nobody knows what comes behind it. */
  readonly ascii: boolean
  readonly color: boolean
}

/** What a pipe is taken for, if COLUMNS does not say otherwise. */
const USUAL_WIDTH = 80

/** Finds out about `stream`. FORCE_COLOR and NO_COLOR are obeyed as Node obeys them: the former counts first. */
export function screenOf({ isTTY = false, columns = 0 }: Output, env: NodeJS.ProcessEnv = process.env): Screen {
  const width = Math.floor(isTTY ? columns : Number(env['COLUMNS']))
  const plain = !isTTY || env['TERM'] === 'dumb'
  const { FORCE_COLOR: force, NO_COLOR: no = '', NODE_DISABLE_COLORS: disabled = '' } = env
  return {
    width: width > 0 ? width : USUAL_WIDTH,
    ascii: plain,
    color: force === undefined ? !plain && no === '' && disabled === '' : force !== '0' && force !== 'false',
  }
}
