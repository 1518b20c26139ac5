/**
 * Plays the cases with ours; programs/play.py is the same for Python's. What a read is called and what it answers has to be the same on
 * both sides.
 */
import { type Green, run } from 'greenloop'
import { requests } from 'greenloop/http'
import { type Call, type Case, type Outcome, outcomeOf, type Plain, type Played } from './case.ts'
import { Site } from './site.ts'

type Read = (response: requests.Response) => unknown

const READS: Readonly<Record<string, Read>> = {
  text: (response) => response.text,
  encoding: (response) => response.encoding ?? 'none',
  content: (response) => response.content.toString('hex'),
  json: (response) => response.json(),
  ok: (response) => response.ok,
  raise: raising,
  links: (response) => response.links,
  cookies: (response) => jar(response.cookies),
  redirect: (response) => [response.isRedirect, response.isPermanentRedirect],
  elapsed: (response) => response.elapsedMs > 0,
}

/** Plays all cases, one after the other, each with what the site has seen of it. */
export async function playAll(cases: readonly Case[]): Promise<readonly Outcome[]> {
  const site = await Site.open(cases)
  const outcomes: Outcome[] = []
  try {
    site.next()
    await run(function* () {
      for (const row of cases) {
        const calls = yield* play(JSON.parse(site.fill(JSON.stringify(row))) as Case) // as it was, with the real places
        const outcome = outcomeOf(row.title, { calls, seen: site.next() })
        outcomes.push(JSON.parse(site.hide(JSON.stringify(outcome))) as Outcome) // as above, the other way round
      }
    })
    return outcomes
  } finally {
    site.close()
  }
}

function* play({ session: settings, calls }: Case): Green<Played['calls']> {
  using session = new requests.Session(optionsOf(settings ?? {}))
  const played: Played['calls'][number][] = []
  for (const one of calls) played.push(yield* playCall(settings === undefined ? requests : session, session, one))
  return played
}

function* playCall(
  who: Pick<requests.Session, Lowercase<Call['method']>>,
  session: requests.Session,
  { method, url, options = {}, read }: Call,
): Green<Record<string, unknown>> {
  const outcome: Record<string, unknown> = {}
  try {
    const name = method.toLowerCase() as Lowercase<Call['method']> // which is what toLowerCase() does
    const response = yield* who[name](url, optionsOf(options))
    outcome['status'] = response.statusCode
    outcome['reason'] = response.reason
    outcome['url'] = response.url
    outcome['history'] = response.history.map((before) => `${String(before.statusCode)} ${before.url}`)
    for (const what of read) outcome[what] = yield* readOf(response, session, what)
  } catch (error) {
    outcome['error'] = error instanceof Error ? error.constructor.name : String(error)
  }
  return outcome
}

function* readOf(response: requests.Response, session: requests.Session, what: string): Green<unknown> {
  const [name, ...rest] = what.split(':')
  const argument = rest.join(':')
  switch (name) {
    case 'jar':
      return jar(session.cookies)
    case 'header':
      return response.headers[argument] ?? 'none'
    case 'chunks': {
      const chunks: string[] = []
      const it = response.iterContent(Number(argument))
      while (yield* it.next()) chunks.push(it.value.toString('latin1'))
      return chunks
    }
    case 'lines':
    case 'lines of text': {
      const lines: string[] = []
      const it = response.iterLines()
      while (yield* it.next()) lines.push(it.value)
      return lines
    }
    case 'text':
    case 'content':
      // Where Python reads what has not come yet, ours wants to be told to wait.
      yield* response.read()
  }
  const reading = READS[what]
  if (reading === undefined) throw new Error(`nobody knows how to read ${what}`)
  return reading(response)
}

function raising(response: requests.Response): string {
  try {
    response.raiseForStatus()
    return 'nothing'
  } catch (error) {
    return error instanceof requests.HTTPError ? error.message : String(error)
  }
}

function jar(cookies: requests.CookieJar): string[] {
  return [...cookies].map(({ name, value, domain, path }) => `${name}=${value} ${domain}${path}`).sort()
}

/** The options with what JSON does not have. */
function optionsOf(given: Readonly<Record<string, Plain>>): requests.RequestOptions & requests.SessionOptions {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, revived(value)]))
}

function revived(value: Plain): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revived)
  if ('$bytes' in value) return Buffer.from(value['$bytes'] as string, 'hex') // what bytes() has made
  if ('$chunks' in value) return inPieces(value['$chunks'] as string[]) // what pieces() has made
  if ('$digest' in value) return requests.digestAuth(...(value['$digest'] as [string, string])) // what digest() has made
  return optionsOf(value as Readonly<Record<string, Plain>>) // no array
}

async function* inPieces(chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}
