// Which connections a program's fetches go through, in each order in which undici, `greenloop/http` and Node's own fetch can come. argv:
// the orders, as words, each of which has a thread, and so a global object, of its own. Prints for each what every use got, and who fills
// the slot of the global dispatcher after it: nobody, Node's own undici, the npm package, or a mock of the program's.
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { run } from 'greenloop'

const SLOT = Symbol.for('undici.globalDispatcher.1')

const url = isMainThread ? await serve() : String((workerData as string[])[0])

async function serve(): Promise<string> {
  const http = process.getBuiltinModule('node:http') // its import would have newer Nodes load their undici
  const server = http.createServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end()
    else response.end('page')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}

async function mock(): Promise<void> {
  const { MockAgent, setGlobalDispatcher } = await import('undici')
  const agent = new MockAgent()
  agent.disableNetConnect()
  agent.get(url).intercept({ path: '/' }).reply(200, 'mocked').persist()
  setGlobalDispatcher(agent)
}

const STEPS: Record<string, () => unknown> = {
  // the program's own undici
  undici: () => import('undici'),
  async request() {
    const { request } = await import('undici')
    return (await request(url)).body.text()
  },
  async compose() {
    const { getGlobalDispatcher, interceptors, request } = await import('undici')
    const dispatcher = getGlobalDispatcher().compose(interceptors.redirect({ maxRedirections: 1 }))
    return (await request(`${url}/redirect`, { dispatcher })).body.text()
  },
  mock,
  // the library
  http: () => import('greenloop/http'),
  async own() {
    const { fetch } = await import('greenloop/http')
    return run(function* () {
      return yield* (yield* fetch(url)).text()
    })
  },
  requests: async () => {
    const { requests } = await import('greenloop/http')
    return (await requests.get(url)).text
  },
  patch: async () => (await import('greenloop/monkey')).patchAll(),
  // Node
  fetch: async () => (await fetch(url)).text(),
}

async function inSlot(): Promise<string> {
  const slot = Object.getOwnPropertyDescriptor(globalThis, SLOT)
  if (slot?.value === undefined) return 'nobody'
  const undici = await import('undici')
  if (slot.value instanceof undici.MockAgent) return 'mock'
  return slot.value instanceof undici.Agent ? 'npm' : 'node'
}

async function follow(steps: readonly string[]): Promise<string> {
  const seen: string[] = []
  for (const step of steps) {
    let got: unknown
    try {
      got = await STEPS[step]?.()
    } catch (error) {
      const { message, cause } = error as Error
      got = `${message} (${cause instanceof Error ? cause.message : ''})`
    }
    seen.push(`${step}${typeof got === 'string' ? `=${got}` : ''} ${await inSlot()}`)
  }
  return seen.join(', ')
}

if (isMainThread) {
  const lines = await Promise.all(process.argv.slice(2).map(inThread))
  console.log(lines.join('\n'))
  process.exit()
} else {
  parentPort?.postMessage(await follow((workerData as string[]).slice(1)))
  process.exit()
}

function inThread(order: string): Promise<string> {
  const worker = new Worker(new URL(import.meta.url), { workerData: [url, ...order.split(' ')] })
  return new Promise((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}
