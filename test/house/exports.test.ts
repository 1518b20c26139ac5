import * as greenloop from 'greenloop'
import * as eslint from 'greenloop/eslint'
import * as greenlet from 'greenloop/greenlet'
import * as http from 'greenloop/http'
import * as monkey from 'greenloop/monkey'
import * as register from 'greenloop/monkey/register'
import * as net from 'greenloop/net'
import * as os from 'greenloop/os'
import * as testing from 'greenloop/testing'
import * as fastCheck from 'greenloop/testing/fast-check'
import * as testingVitest from 'greenloop/testing/vitest'
import * as trace from 'greenloop/trace'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

// Importing the register has patched everything.
monkey.unpatchAll()

/** The public values, by sub-path, kept by hand: what changes here changes for users, and stands in CHANGELOG.md. */
const NAMES: Record<string, readonly [module: object, names: string]> = {
  '.': [
    greenloop,
    `AsyncResult BlockingIOError BlockingSwitchOutError BoundedSemaphore Channel ConcurrentObjectUseError Condition
    DummySemaphore Empty Event FailedToSwitchError Full Greenlet GreenletExit GreenletKilledError GreenletTree GreenloopError Group InternalError Interrupt
    InvalidSwitchError LifoQueue Local LoopExit Pool PoolFull PriorityQueue Queue RLock RawGreenlet Semaphore ShutDown
    SimpleQueue SocketClosedError SocketTimeoutError StopIteration StreamClosedError StreamTimeoutError Timeout UsageError Waiter all any assertSwitches choose config
    copyContext each formatRunInfo fromCallback getHub getcurrent getswitchinterval gettrace green idle isInterrupt iterate iwait joinall
    kill killall local nursery placeOf printRunInfo printRunInfoOnSignal race run runWith setDebug setLocations setswitchinterval settrace signalHandler sleep spawn spawnLater
    spawnRaw spawnWith until wait withTimeout`,
  ],
  './greenlet': [
    greenlet,
    'GreenletExit Interrupt InvalidSwitchError Local RawGreenlet UsageError getcurrent gettrace green isInterrupt local settrace',
  ],
  './net': [
    net,
    `AF_INET AF_INET6 AF_UNIX DatagramServer EPOLLERR EPOLLET EPOLLHUP EPOLLIN EPOLLONESHOT EPOLLOUT EPOLLPRI EPOLLRDHUP
    Epoll IPPROTO_TCP POLLERR POLLHUP POLLIN POLLNVAL POLLOUT POLLPRI POLLRDHUP Poll SHUT_RD SHUT_RDWR SHUT_WR SOCK_DGRAM
    SOCK_STREAM SOL_SOCKET SO_BROADCAST SO_ERROR SO_KEEPALIVE SO_RCVBUF SO_REUSEADDR SO_SNDBUF SO_TYPE Socket StreamServer
    TCP_NODELAY connect createConnection createListener createServer dgram dns epoll poll select socketpair tls waitRead
    waitWrite`,
  ],
  './http': [http, 'ClientGoneError RefusedRequest Response fetch handler limitPerHost requests serve'],
  './os': [
    os,
    `CalledProcessError CompletedProcess DEVNULL EOFError FileObject INHERIT LineTooLongError PIPE Popen STDOUT StartError
    SubprocessError TimeoutExpired buffer call checkCall checkOutput chunks end finished fs getoutput getstatusoutput input
    json lines nextSignal open pipeline recv run signalHandler subprocess text transform watch write writeWhole`,
  ],
  './monkey': [
    monkey,
    `DidPatchEvent DidPatchModuleEvent WillPatchAllEvent WillPatchModuleEvent events getOriginal isAnythingPatched
    isModulePatched isObjectPatched patchAll patchChildProcess patchDns patchFetch patchFs patchHttp patchNet patchPromise
    patchStreams patchTimers patchTls patched saved unpatchAll`,
  ],
  './monkey/register': [register, ''],
  './testing': [
    testing,
    `ScheduleFailure Sequencer StaleSchedule StoryboardError TestingError UncontrolledNondeterminism Unreached
    UntrackedState explore fuzz greenIt recorder replay toHaveHappenedBefore toInterleave toSwitchExactly virtual
    waitAllBlocked`,
  ],
  './testing/fast-check': [fastCheck, 'Schedule schedules'],
  './testing/vitest': [testingVitest, 'expect it test'],
  './trace': [
    trace,
    `BackdoorServer LiveConsole Meter Monitor Recorder chromeTrace drawTimeline formatDelays formatSummary ignoreBlocking
    openConsole readChromeTrace record summarize timelineHtml`,
  ],
  './eslint': [eslint, 'configs default meta rules'],
}

/** The same for what sub-paths export as a name of its own. */
const NAMESPACES: typeof NAMES = {
  'dns of ./net': [
    net.dns,
    `Resolver getServers lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx
    resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTxt reverse setServers`,
  ],
  'tls of ./net': [net.tls, 'connect createServer'],
  'dgram of ./net': [net.dgram, 'createSocket'],
  'subprocess of ./os': [
    os.subprocess,
    `CalledProcessError CompletedProcess DEVNULL INHERIT PIPE Popen STDOUT StartError SubprocessError TimeoutExpired call
    checkCall checkOutput getoutput getstatusoutput run`,
  ],
  'requests of ./http': [
    http.requests,
    `ChunkedEncodingError ConnectTimeout ConnectionError ContentDecodingError ContentTooLarge CookieJar HTTPError HeaderMap
    InvalidHeader InvalidJSONError InvalidProxyURL InvalidSchema InvalidURL JSONDecodeError MissingSchema PreparedRequest
    ProxyError ReadTimeout RequestException RequestTimeout Response Retry RetryError SSLError Session StreamConsumedError
    Timeout TooManyRedirects UnrewindableBodyError basicAuth bearerAuth codes delete digestAuth exceptions get head options
    patch post proxyAuth put request session`,
  ],
  'requests.exceptions of ./http': [
    http.requests.exceptions,
    `ChunkedEncodingError ConnectTimeout ConnectionError ContentDecodingError ContentTooLarge HTTPError InvalidHeader
    InvalidJSONError InvalidProxyURL InvalidSchema InvalidURL JSONDecodeError MissingSchema ProxyError ReadTimeout
    RequestException RequestTimeout RetryError SSLError StreamConsumedError TooManyRedirects UnrewindableBodyError`,
  ],
}

it.each(Object.entries({ ...NAMES, ...NAMESPACES }))('%s exports exactly its public names', (_, [module, names]) => {
  expect(Object.keys(module).sort()).toEqual(names.match(/\S+/gu) ?? [])
})

it('every sub-path of the package is listed', () => {
  expect(Object.keys(manifest.exports).sort()).toEqual([...Object.keys(NAMES), './package.json'].sort())
})

it('a name that two sub-paths export is the same thing', () => {
  for (const [name, value] of Object.entries(greenlet)) {
    expect(Reflect.get(greenloop, name), name).toBe(value)
  }
})
