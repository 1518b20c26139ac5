/**
 * Recordings as they are given: one or several, and, where they come from a file, looked at field by field.
 *
 * Stands on what a recording is. What is wrong is told with its way there, `recordings[0].tracks[3].spans[0].kind`; of what is right
 * nothing is written down, so that a large recording is looked through quickly.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Recording, Track } from '../record/recording.ts'

/** The recordings that `call` was given: one, or a list of them. */
export function recordingsOf(call: string, given: Recording | readonly Recording[]): readonly Recording[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const wrong = list.length === 0 ? given : list.find((one) => !looksLikeRecording(one))
  if (list.length > 0 && wrong === undefined && list.every(looksLikeRecording)) return list
  throw new UsageError(
    `${call} expects a recording, or a list of recordings, but got ${list.length === 0 ? 'an empty list' : show(wrong)}.`,
  )
}

function looksLikeRecording(value: unknown): value is Recording {
  const recording = value as Partial<Recording> | null | undefined // any value may be asked
  return Array.isArray(recording?.tracks) && Array.isArray(recording.arrows) && typeof recording.durationMs === 'number'
}

/** Checks an option that is a number of columns or rows, and gives what is drawn: no less than `least`. */
export function sizeOf(call: string, name: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return Math.max(value, least)
  throw new UsageError(`${call} expects \`${name}\` to be an integer, 1 or more, but got ${show(value)}.`)
}

/** What is wrong with a value, and where in it. */
export interface Fault {
  readonly path: string
  readonly expected: string
  readonly value: unknown
}

/** Looks at a value; null: it is right. */
type Check = (value: unknown) => Fault | null

function check(expected: string, isRight: (value: unknown) => boolean): Check {
  return (value) => (isRight(value) ? null : { path: '', expected, value })
}

function orNull(inner: Check): Check {
  return (value) => {
    if (value === null) return null
    const fault = inner(value)
    return fault?.path === '' ? { ...fault, expected: `${fault.expected}, or null` } : fault
  }
}

function oneOf(...words: readonly string[]): Check {
  return check(`one of ${words.join(', ')}`, (value) => words.includes(value as string)) // asked
}

function listOf(inner: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return { path: '', expected: 'a list', value }
    for (let index = 0; index < value.length; index++) {
      const fault = inner(value[index])
      if (fault !== null) return { ...fault, path: `[${index}]${fault.path}` }
    }
    return null
  }
}

/** Of an object; `whole` looks at it when each field is right by itself. */
function fields<T>(shape: Readonly<Record<keyof T & string, Check>>, whole: (value: T) => Fault | null): Check {
  const checks = Object.entries<Check>(shape)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { path: '', expected: 'an object', value }
    for (const [key, inner] of checks) {
      const field = (value as Record<string, unknown>)[key] // an object
      const fault = field === undefined ? { path: '', expected: 'to be there', value: undefined } : inner(field)
      if (fault !== null) return { ...fault, path: `.${key}${fault.path}` }
    }
    return whole(value as T) // each of its fields was looked at
  }
}

const right = (): null => null
const text = check('a string', (value) => typeof value === 'string')
const flag = check('true or false', (value) => typeof value === 'boolean')
/** Thirty thousand years: a time above it is a mistake, and would be drawn with an axis of as many ticks. */
const LONGEST_MS = 1e15
const isTime = (value: unknown): boolean => Number.isFinite(value) && Math.abs(Number(value)) <= LONGEST_MS
const time = check('a number of milliseconds', isTime)
const length = check('a number of milliseconds, 0 or more', (value) => isTime(value) && Number(value) >= 0)
const count = check('an integer, 0 or more', (value) => Number.isSafeInteger(value) && Number(value) >= 0)
const place = fields<NonNullable<Track['spawnedAt']>>({ file: text, line: count }, right)

const span = fields<Track['spans'][number]>(
  {
    kind: oneOf('running', 'ready', 'waiting', 'switched'),
    fromMs: time,
    toMs: time,
    what: orNull(text),
    place: orNull(place),
  },
  ({ fromMs, toMs }) =>
    toMs >= fromMs ? null : { path: '.toMs', expected: `not to be before fromMs, ${fromMs}`, value: toMs },
)

const track = fields<Track>(
  {
    id: count,
    name: text,
    kind: oneOf('main', 'greenlet', 'raw'),
    spawner: orNull(count),
    spawnedMs: orNull(time),
    spawnedAt: orNull(place),
    endedMs: orNull(time),
    end: orNull(oneOf('returned', 'failed', 'killed')),
    error: orNull(text),
    spans: listOf(span),
  },
  ({ spans }) => {
    const index = spans.findIndex(({ fromMs }, at) => fromMs < (spans[at - 1]?.toMs ?? -Infinity))
    if (index < 0) return null
    const { fromMs } = spans[index] ?? {}
    return {
      path: `.spans[${index}].fromMs`,
      expected: `not to be before the end of the span before it, ${String(spans[index - 1]?.toMs)}`,
      value: fromMs,
    }
  },
)

const arrow = fields<Recording['arrows'][number]>(
  { kind: oneOf('switch', 'resume', 'wake', 'kill'), from: count, to: count, atMs: time, thrown: flag },
  right,
)

/** Looks at recordings of which nothing is known; null: they are recordings. */
export const faultOf: Check = listOf(
  fields<Recording>(
    {
      title: text,
      beganAt: time,
      durationMs: length,
      lostEvents: count,
      locations: flag,
      tracks: listOf(track),
      arrows: listOf(arrow),
    },
    numbersFault,
  ),
)

/** Tracks are named by their numbers: each must be the number of one. */
function numbersFault({ tracks, arrows }: Recording): Fault | null {
  const expected = `the number of one of ${tracks.length} tracks`
  for (const [index, { id, spawner }] of tracks.entries()) {
    if (id !== index) return { path: `.tracks[${index}].id`, expected: `its place in the list, ${index}`, value: id }
    if (spawner !== null && spawner >= tracks.length)
      return { path: `.tracks[${index}].spawner`, expected, value: spawner }
  }
  for (const [index, { from, to }] of arrows.entries()) {
    if (from >= tracks.length) return { path: `.arrows[${index}].from`, expected, value: from }
    if (to >= tracks.length) return { path: `.arrows[${index}].to`, expected, value: to }
  }
  return null
}
