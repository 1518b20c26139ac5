/**
 * The tables of `npm run bench`: which works stand beside each other, and what is aimed at.
 */
import type { PythonWork } from './python.ts'
import type { Work } from './work.ts'
import { CALLS, DEEP, READY } from './works/calls.ts'
import { ECHO } from './works/echo.ts'
import { HTTP, HTTP_COLD, SERVE } from './works/http.ts'
import { CHILDREN_RUN, COPIES, FILES_READ } from './works/machine.ts'
import { MEMORY } from './works/memory.ts'
import { AWAITS, QUEUES } from './works/queues.ts'
import { RECORDER } from './works/recorder.ts'
import { SCHEDULES } from './works/schedules.ts'
import { KILLS, SPAWN, SPAWN_COLD, SPAWN_MEMORY } from './works/spawning.ts'
import { SWITCHES, TRACING } from './works/switches.ts'
import { SERVED, SLEEPERS, SLEEPERS_MEMORY, TIMEOUTS, YIELDS } from './works/time.ts'

export interface Table {
  readonly title: string
  readonly unit: string
  readonly works: Readonly<Record<string, Work>>
  /** The rows that the others are compared with. */
  readonly bases: readonly string[]
  readonly aims: string
  /** Which of the programs in Python have a row. */
  readonly python?: readonly PythonWork[]
}

/** By name, in the order of printing. */
export const TABLES: Readonly<Record<string, Table>> = {
  switch: {
    title: 'Two coroutines hand control to each other, with a value',
    unit: 'ns per switch',
    works: SWITCHES,
    bases: ['bare generators', 'async/await'],
    python: ['switch'],
    aims: 'RawGreenlet within 2.4 x bare (2 x), at most 0.5 x async/await, a third of greenlet; Greenlet at most 10 ns more, nothing without AsyncLocalStorage',
  },
  tracing: {
    title: 'A switch while nobody traces: before settrace was ever called, and after settrace(null)',
    unit: 'ns per switch',
    works: TRACING,
    bases: ['never traced'],
    aims: 'within noise',
  },
  recorder: {
    title:
      'Switching, giving way, spawning and joining, while a recorder was never loaded, is stopped, is on, and is on with locations',
    unit: 'ns each',
    works: RECORDER,
    bases: ['switch, never loaded'],
    aims: 'stopped: within noise; on minus off: less than 150 ns a switch',
  },
  deep: {
    title:
      'One suspended resume, so many calls deep: by a switch, by sleep(0) through the hub, by await of a settled promise',
    unit: 'ns per resume',
    works: DEEP,
    bases: ['green, switch 1', 'green, sleep(0) 1', 'async/await 1'],
    aims: 'green flat: at 1,000 within 1.5 x of at 1, and at most 1.8 x async/await',
  },
  calls: {
    title: 'A call of a function that could suspend and does not',
    unit: 'ns per call',
    works: CALLS,
    bases: ['async/await'],
    aims: 'plain at most 0.7 x async/await, green at most 1 x',
  },
  ready: {
    title: 'An operation whose value is ready',
    unit: 'ns per operation; bytes',
    works: READY,
    bases: ['async/await'],
    aims: 'at most 20 ns (9), nothing allocated',
  },
  memory: {
    title: 'A million suspended coroutines',
    unit: 'bytes each',
    works: MEMORY,
    bases: ['bare generator'],
    aims: 'RawGreenlet at most 300 bytes (200) beyond its own frame',
  },
  spawn: {
    title: 'A million tasks that return at once, spawned and joined',
    unit: 'ns per task',
    works: SPAWN,
    bases: ['bare generators', 'async function, one await'],
    python: ['spawn'],
    aims: 'at most 1.9 x bare (1.2 x), ahead of the async function with one await, 30 x ahead of gevent',
  },
  'spawn-cold': {
    title: 'A hundred thousand of them, in a process that has spawned ten thousand',
    unit: 'ns per task',
    works: SPAWN_COLD,
    bases: ['bare generators', 'async function, one await'],
    aims: 'at most 1.2 x the async function with one await (ahead of it)',
  },
  'spawn-memory': {
    title: 'What the process takes at the most, for a million tasks',
    unit: 'bytes per task',
    works: SPAWN_MEMORY,
    bases: ['bare generators', 'async function, one await'],
    aims: 'at most 300 bytes (190)',
  },
  yields: {
    title: 'A million yields of a thousand coroutines; only sleep(0) and setImmediate let sockets and timers be served',
    unit: 'ns per yield',
    works: YIELDS,
    bases: ['bare generators', 'await null'],
    aims: 'at most 1.1 x await null (45 ns)',
  },
  served: {
    title: 'What gets through while a thousand greenlets spin in sleep(0)',
    unit: 'as the row says',
    works: SERVED,
    bases: ['events/s, nobody spins'],
    aims: 'at least 800 socket events a second, a promise hop of at most 200 µs (60)',
  },
  queue: {
    title: 'A million items through a queue',
    unit: 'ns per item',
    works: QUEUES,
    bases: ['unbounded: promise queue', 'size 1: promise queue'],
    aims: 'at most 0.8 x the promise queue (0.5 x), both',
  },
  sleepers: {
    title: 'A hundred thousand sleepers, 10 to 1,000 ms each: what it takes beyond the longest nap',
    unit: 'ns per sleeper',
    works: SLEEPERS,
    bases: ['setTimeout', 'async/await'],
    aims: 'at most 0.75 x async/await (0.45 x)',
  },
  'sleepers-memory': {
    title: 'What the process takes at the most, for a hundred thousand sleepers',
    unit: 'bytes per sleeper',
    works: SLEEPERS_MEMORY,
    bases: ['setTimeout', 'async/await'],
    aims: 'at most 0.65 x async/await, 800 bytes (600)',
  },
  timeout: {
    title: 'A time limit that does not pass',
    unit: 'ns each',
    works: TIMEOUTS,
    bases: ['clearTimeout(setTimeout())'],
    aims: 'at most 0.35 x clearTimeout(setTimeout()) (0.2 x)',
  },
  kill: {
    title: 'A million greenlets are killed',
    unit: 'ns each',
    works: KILLS,
    bases: ['bare g.throw()'],
    aims: 'waiting: at most 3 x a bare throw (2.4 x); never ran: at most 200 ns (110); nothing left on the heap',
  },
  await: {
    title: 'Plain code awaits an operation whose value is ready',
    unit: 'ns each',
    works: AWAITS,
    bases: ['await of a settled promise'],
    aims: 'at most 3 x, without a helper greenlet',
  },
  echo: {
    title: 'Echo of 64 bytes over 100 connections, server and client each on a processor of its own',
    unit: 'ns per round trip',
    works: ECHO,
    bases: ['bare callbacks', 'gevent'],
    aims: 'greenlets at most 1.1 x bare callbacks, at most 0.77 x gevent (1.3 times as many round trips)',
    python: ['echo'],
  },
  http: {
    title:
      'A thousand pages of 1 kB, a hundred at once over kept-alive connections, from a server in C on a processor of its own',
    unit: 'ns per page',
    works: HTTP,
    bases: ['undici.request', 'Promise.all of fetch', 'Promise.all of undici.fetch', 'gevent + requests'],
    aims: 'requests.get at most 1.15 x undici.request and 0.2 x gevent + requests; fetch in greenlets at most 1.05 x Promise.all of the same',
    python: ['requests', 'urllib3'],
  },
  'http-cold': {
    title: 'The first thousand of them in a process',
    unit: 'ns per page',
    works: HTTP_COLD,
    bases: ['undici.request', 'Promise.all of fetch', 'Promise.all of undici.fetch', 'gevent + requests'],
    aims: 'none of its own',
    python: ['requests-cold', 'urllib3-cold'],
  },
  serve: {
    title: 'A JSON of a hundred bytes over 100 kept-alive connections, to a client in C on a processor of its own',
    unit: 'ns per answer',
    works: SERVE,
    bases: ['http.createServer', "gevent's pywsgi"],
    aims: "serve at most 1.1 x http.createServer and 0.33 x gevent's pywsgi",
    python: ['pywsgi'],
  },
  files: {
    title: 'A thousand files of 1 kB, sixteen at once',
    unit: 'ns per file',
    works: FILES_READ,
    bases: ['fs.promises'],
    aims: 'a Pool at most 1.15 x fs.promises',
  },
  children: {
    title: 'Two hundred children that end at once, eight at a time; the latter two with what they print',
    unit: 'ns per child',
    works: CHILDREN_RUN,
    bases: ['child_process.spawn', 'child_process.execFile'],
    aims: 'at most 1.1 x the same of child_process',
  },
  copy: {
    title: 'A file of 256 MiB is copied by streams',
    unit: 'ns per MiB',
    works: COPIES,
    bases: ['stream.pipeline'],
    aims: 'at most 1.1 x stream.pipeline',
  },
  schedules: {
    title: 'Three tasks of four steps, in one schedule after the other; tracked: they read and write one value',
    unit: 'ns per execution',
    works: SCHEDULES,
    bases: ['fast-check, scheduler'],
    aims: 'all schedules at most 16,700 ns each (60,000 a second), random ones at most 10,000 ns (100,000 a second), at most 0.2 x the scheduler of fast-check',
  },
}
