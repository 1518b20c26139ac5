// The snippets of Node's documentation on DNS: those that ask, and those that show what comes back.
import dns from 'node:dns'
import { format, isDeepStrictEqual, promisify } from 'node:util'
import type { Answer, NaptrData, SoaData, SrvData } from 'dns-packet'
import { nameServer } from './dns-server.ts'
import type { Swap } from './extract.ts'
import type { Snippet, Stage } from './stage.ts'

const DNS = '@types/node/dns.d.ts'
const PROMISES = '@types/node/dns/promises.d.ts'

const ZONE: readonly Answer[] = [
  { type: 'A', name: 'archive.org', data: '192.0.2.7' },
  { type: 'PTR', name: '7.2.0.192.in-addr.arpa', data: 'www.archive.example' },
  { type: 'A', name: 'example.org', data: '192.0.2.1' },
]

/** Makes ours the name server until the end. */
async function serve(stage: Stage, zone: readonly Answer[]): Promise<void> {
  const servers = dns.getServers()
  stage.defer(() => dns.setServers(servers))
  dns.setServers([await nameServer(stage, zone)])
}

/** Runs the snippet until it has written so many lines; they are sorted, since two threads may have looked names up. */
async function written(stage: Stage, count: number, names: object = {}): Promise<void> {
  const lines: string[] = []
  const log = (...values: unknown[]): void => void lines.push(format(...values))
  await stage.run({ console: { log }, ...names })
  await stage.until(() => lines.length >= count)
  for (const line of lines.sort()) stage.console.log(line)
}

/** A result that the documentation shows, put into a zone and asked for. */
interface Shown {
  readonly name: 'resolveNaptr' | 'resolveSoa' | 'resolveSrv' | 'resolveAny'
  readonly words: string
  readonly swaps?: readonly Swap[]
  zone(shown: unknown): readonly Answer[]
}

const name = 'example.com'

const shown: readonly Shown[] = [
  {
    name: 'resolveNaptr',
    words: "service: 'SIP+D2U'",
    zone(value) {
      const { service, ...rest } = value as NaptrData & { service: string }
      return [{ type: 'NAPTR', name, data: { ...rest, services: service } }]
    },
  },
  {
    name: 'resolveSoa',
    words: "hostmaster: 'root.example.com'",
    zone: (value) => [{ type: 'SOA', name, data: soa(value) }],
  },
  {
    name: 'resolveSrv',
    words: 'port: 21223',
    zone(value) {
      const { name: target, ...rest } = value as SrvData & { name: string }
      return [{ type: 'SRV', name, data: { ...rest, target } }]
    },
  },
  {
    name: 'resolveAny',
    words: "exchange: 'alt4.aspmx.l.example.com'",
    // Node answers with the addresses of a name or with its alias, not with both.
    swaps: [["{ type: 'A', address: '127.0.0.1', ttl: 299 },", '']],
    zone: (value) => (value as dns.AnyRecord[]).map(answerOf),
  },
]

function soa(value: unknown): SoaData {
  const { nsname: mname, hostmaster: rname, minttl: minimum, ...times } = value as dns.SoaRecord
  return {
    mname,
    rname,
    minimum,
    serial: times.serial,
    refresh: times.refresh,
    retry: times.retry,
    expire: times.expire,
  }
}

function answerOf(record: dns.AnyRecord): Answer {
  switch (record.type) {
    case 'CNAME':
    case 'NS':
      return { type: record.type, name, data: record.value }
    case 'MX':
      return { type: 'MX', name, data: { exchange: record.exchange, preference: record.priority } }
    case 'TXT':
      return { type: 'TXT', name, data: [...record.entries] } // which are changed by the encoding
    case 'SOA':
      return { type: 'SOA', name, data: soa(record) }
    default:
      throw new Error(`The documentation shows no ${record.type}.`)
  }
}

/** Whether the answer has what is shown, in any order; newer Nodes have a `type` in every record. */
function agree(answer: unknown, expected: unknown): boolean {
  const list = (value: unknown): readonly object[] => [value].flat() as object[] // records are objects
  const records = list(answer)
  const agrees = (one: object): boolean =>
    records.some((record) => isDeepStrictEqual({ ...record, ...one }, { ...record }))
  return records.length === list(expected).length && list(expected).every(agrees)
}

/** The form with a callback, which all of them have; the others are the patches'. */
type Ask = (name: string, callback: (error: Error | null, answer: unknown) => void) => void

function shownIn(file: string, api: 'dns' | 'dns.promises'): Snippet[] {
  return shown.map((one) => ({
    subject: 'dns',
    name: `${api}.${one.name}: its result`,
    file,
    words: one.words,
    swaps: [[/^(?=[[{])/gu, 'const returned = '], ...(one.swaps ?? [])],
    shows: 'as documented: true',
    async around(stage) {
      const { returned } = await stage.run({}, 'returned')
      await serve(stage, one.zone(returned))
      const ask = Reflect.get(dns, one.name) as Ask
      const answer: unknown = await (api === 'dns' ? promisify(ask)(name) : dns.promises[one.name](name))
      stage.log(answer)
      stage.log('as documented:', agree(answer, returned))
    },
  }))
}

export const dnsSnippets: readonly Snippet[] = [
  {
    subject: 'dns',
    name: 'dns.lookup',
    file: DNS,
    words: "dns.lookup('example.org', (err, address, family) =>",
    swaps: [["'example.org'", "'localhost'"]],
    shows: /address: "(?:127\.0\.0\.1|::1)" family: IPv[46]/u,
    around: (stage) => written(stage, 1),
  },
  {
    subject: 'dns',
    name: 'dns.resolve4 and dns.reverse',
    file: DNS,
    words: "dns.resolve4('archive.org'",
    shows: 'reverse for 192.0.2.7: ["www.archive.example"]',
    async around(stage) {
      await serve(stage, ZONE)
      await written(stage, 2)
    },
  },
  {
    subject: 'dns',
    name: 'dns.lookup: with options',
    file: DNS,
    words: "dns.lookup('example.com', options, (err, addresses) =>",
    swaps: [["'example.com'", "'localhost'"]],
    shows: 'addresses: ',
    around: (stage) => written(stage, 2),
  },
  {
    subject: 'dns',
    name: 'dns.lookupService',
    file: DNS,
    words: 'dns.lookupService(',
    shows: /^\S+ \S+$/u,
    around: (stage) => written(stage, 1),
  },
  {
    subject: 'dns',
    name: 'dns.setServers',
    file: DNS,
    words: 'dns.setServers([',
    shows: "'[2001:4860:4860::8888]:1053'",
    async around(stage) {
      const servers = dns.getServers()
      stage.defer(() => dns.setServers(servers))
      await stage.run({ dns })
      stage.log(dns.getServers())
    },
  },
  {
    subject: 'dns',
    name: 'new dns.Resolver',
    file: DNS,
    words: 'new Resolver()',
    swaps: [
      ["'4.4.4.4'", 'nameServer'],
      ['// ...', 'console.log(err, addresses)'],
    ],
    shows: "null [ '192.0.2.1' ]",
    async around(stage) {
      await written(stage, 1, { nameServer: await nameServer(stage, ZONE) })
    },
  },
  {
    subject: 'dns',
    name: 'dnsPromises.lookup',
    file: PROMISES,
    words: 'dnsPromises.lookup(',
    // A machine may have no IPv6 at all.
    swaps: [
      ["'example.com'", "'localhost'"],
      ['family: 6', 'family: 4'],
    ],
    shows: 'addresses: [{"address":"127.0.0.1","family":4}',
    around: (stage) => written(stage, 2),
  },
  {
    subject: 'dns',
    name: 'dnsPromises.lookupService',
    file: PROMISES,
    words: 'lookupService(',
    shows: /^\S+ \S+$/u,
    around: (stage) => written(stage, 1),
  },
  {
    subject: 'dns',
    name: 'dnsPromises.setServers',
    file: PROMISES,
    words: 'dnsPromises.setServers([',
    shows: "'[2001:4860:4860::8888]:1053'",
    async around(stage) {
      const servers = dns.getServers()
      stage.defer(() => dns.setServers(servers))
      await stage.run({ dnsPromises: dns.promises })
      stage.log(dns.promises.getServers())
    },
  },
  {
    subject: 'dns',
    name: 'new dnsPromises.Resolver',
    file: PROMISES,
    words: 'new Resolver()',
    swaps: [
      ["'4.4.4.4'", 'nameServer'],
      ['// ...', 'console.log(addresses)'],
      ['})();', "  console.log('awaited', addresses);\n})();"],
    ],
    shows: "awaited [ '192.0.2.1' ]",
    async around(stage) {
      await written(stage, 2, { nameServer: await nameServer(stage, ZONE) })
    },
  },
  ...shownIn(DNS, 'dns'),
  ...shownIn(PROMISES, 'dns.promises'),
]
