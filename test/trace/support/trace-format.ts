/**
 * Looks at a trace as its readers do: by the fields that the Trace Event Format documents for each phase, and by what Perfetto demands.
 *
 * Knows of the phases those that we write: complete events, flows, instants, metadata. Anything else is a fault.
 */

/** The colours that `chrome://tracing` knows by name, as far as they are about threads. */
const COLOURS = ['uninterruptible', 'iowait', 'running', 'runnable', 'sleeping', 'unknown'].map(
  (one) => `thread_state_${one}`,
)

/** What metadata is called, and what it must say. */
const METADATA: Readonly<Record<string, readonly [argument: string, type: 'string' | 'number']>> = {
  process_name: ['name', 'string'],
  process_labels: ['labels', 'string'],
  process_sort_index: ['sort_index', 'number'],
  thread_name: ['name', 'string'],
  thread_sort_index: ['sort_index', 'number'],
}

type Fields = Readonly<Record<string, (value: unknown) => boolean>>

const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => Number.isFinite(value)
const isLength = (value: unknown): boolean => Number.isFinite(value) && Number(value) >= 0
/** Perfetto takes 0 for the idle process. */
const isId = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

const COMMON: Fields = { ph: isText, name: isText, pid: isId, tid: isId }
const TIMED: Fields = { ...COMMON, cat: (value) => isText(value) && value !== '', ts: isNumber }
const FLOW: Fields = { ...TIMED, id: isId }

/** Of each phase the fields that it must have, and those that it may have. */
const PHASES: Readonly<Record<string, readonly [must: Fields, may: Fields]>> = {
  X: [
    { ...TIMED, dur: isLength },
    { args: isObject, cname: (value) => COLOURS.includes(value as string) },
  ],
  i: [{ ...TIMED, s: (value) => value === 'g' || value === 'p' || value === 't' }, { args: isObject }],
  s: [FLOW, {}],
  f: [FLOW, { bp: (value) => value === 'e' }],
  M: [{ ...COMMON, name: (value) => String(value) in METADATA, args: isObject }, {}],
}

/** An event, as far as it was looked at. */
interface Event {
  readonly ph: string
  readonly name: string
  readonly cat: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur: number
  readonly id: number
  readonly args?: Readonly<Record<string, unknown>>
}

/** Everything that is wrong with the text of a trace. */
export function traceFaults(text: string): string[] {
  const trace = JSON.parse(text) as Record<string, unknown> // looked at below
  const faults: string[] = []
  const { displayTimeUnit, otherData, traceEvents } = trace
  if (displayTimeUnit !== 'ms' && displayTimeUnit !== 'ns') faults.push('displayTimeUnit')
  if (!isObject(otherData) || !Object.values(otherData as object).every(isText)) faults.push('otherData')
  if (!Array.isArray(traceEvents)) return [...faults, 'traceEvents']
  // Perfetto reads no further than the first key that it does not know.
  if (Object.keys(trace).findIndex((key) => key === 'traceEvents') > 2) faults.push('traceEvents stands too late')
  for (const [index, event] of traceEvents.entries())
    faults.push(...eventFaults(event).map((fault) => `traceEvents[${index}]${fault}`))
  if (faults.length > 0) return faults
  const events = traceEvents as Event[] // each was looked at
  return [...nestingFaults(events), ...flowFaults(events)]
}

function eventFaults(event: unknown): string[] {
  if (!isObject(event)) return [' is no object']
  const { ph, name, args } = event as Event // each field is looked at below
  const fields = PHASES[ph]
  if (fields === undefined) return [`: unknown phase ${ph}`]
  const [must, may] = fields
  const faults = Object.keys(event as object)
    .filter((key) => !(key in must || key in may))
    .map((key) => `.${key} is not documented for ${ph}`)
  for (const [key, isRight] of Object.entries({ ...must, ...may })) {
    const value = (event as Record<string, unknown>)[key]
    if (value === undefined ? key in must : !isRight(value)) faults.push(`.${key} is ${String(value)}`)
  }
  if (ph === 'M' && faults.length === 0) {
    const [argument, type] = METADATA[name] ?? ['', 'string']
    if (typeof args?.[argument] !== type) faults.push(`.args.${argument} is no ${type}`)
  }
  return faults
}

function nestingFaults(events: readonly Event[]): string[] {
  return [...slicesByThread(events)].flatMap(([thread, slices]) => {
    const open: Event[] = []
    return [...slices].sort(byTime).flatMap((slice) => {
      while (open.length > 0 && end(open.at(-1)) <= slice.ts) open.pop()
      const overlaps = open.length > 0 && end(slice) > end(open.at(-1))
      open.push(slice)
      return overlaps ? [`${thread}: ${slice.name} at ${slice.ts} begins in another and ends behind it`] : []
    })
  })
}

function flowFaults(events: readonly Event[]): string[] {
  const faults: string[] = []
  const begun = new Map<number, Event>()
  for (const event of events) {
    if (event.ph === 's') {
      if (begun.has(event.id)) faults.push(`flow ${event.id} begins twice`)
      begun.set(event.id, event)
    } else if (event.ph === 'f') {
      const begin = begun.get(event.id)
      if (begin?.name !== event.name || begin.cat !== event.cat || begin.ts > event.ts)
        faults.push(`flow ${event.id} ends as another than it begins`)
      begun.delete(event.id)
    }
  }
  faults.push(...[...begun.keys()].map((id) => `flow ${id} does not end`))
  return faults
}

/** A flow, and the slices that it goes from and to. */
export interface Bound {
  readonly name: string
  readonly from: string
  readonly to: string
}

/**
 * Which slices the flows go from and to, as Perfetto finds them: it sorts by time, and leaves in their order those of one time; a flow
 * belongs to the slice of its thread that began last.
 */
export function boundFlows(text: string): Bound[] {
  const { traceEvents } = JSON.parse(text) as { traceEvents: Event[] } // a trace that has no faults
  const names = new Map(
    traceEvents.flatMap(({ name, tid, args }) => (name === 'thread_name' ? [[tid, String(args?.['name'])]] : [])),
  )
  const latest = new Map<number, Event>()
  const from = new Map<number, string>()
  const flows: Bound[] = []
  for (const event of traceEvents.filter(({ ph }) => ph !== 'M' && ph !== 'i').sort(byTime)) {
    const { ph, tid, id, name, ts } = event
    const slice = latest.get(tid)
    const place = `${names.get(tid) ?? tid}: ${slice !== undefined && end(slice) >= ts ? slice.cat : 'no slice'}`
    if (ph === 'X') latest.set(tid, event)
    if (ph === 's') from.set(id, place)
    if (ph === 'f') flows.push({ name, from: from.get(id) ?? '', to: place })
  }
  return flows
}

function slicesByThread(events: readonly Event[]): Map<string, Event[]> {
  const threads = new Map<string, Event[]>()
  for (const event of events) {
    if (event.ph !== 'X') continue
    const thread = `${event.pid}/${event.tid}`
    const slices = threads.get(thread)
    if (slices === undefined) threads.set(thread, [event])
    else slices.push(event)
  }
  return threads
}

function byTime(one: Event, other: Event): number {
  return one.ts - other.ts
}

function end(event: Event | undefined): number {
  return event === undefined ? -Infinity : event.ts + event.dur
}
