/**
 * The originals, measured from here: the same works in Python, by greenlet's and gevent's own C.
 */
import { execFileSync } from 'node:child_process'
import { measureGeventEcho } from './works/echo.ts'
import { measureGeventGet, measureGeventServe } from './works/http.ts'

const TIMES = 1_000_000
const CLOCK = 'from time import perf_counter\n'

/** What is measured in Python. */
export type PythonWork =
  | 'switch'
  | 'spawn'
  | 'echo'
  | 'requests'
  | 'urllib3'
  | 'requests-cold'
  | 'urllib3-cold'
  | 'pywsgi'

interface PythonProgram {
  readonly row: string
  /** What it imports. */
  readonly modules: string
  /** Its text, with a `main(times)`; or what measures it. */
  readonly program: string | ((python: string) => Promise<number>)
}

const PROGRAMS: Readonly<Record<PythonWork, PythonProgram>> = {
  switch: {
    row: "python-greenlet's C",
    modules: 'greenlet',
    program: `
from greenlet import greenlet
def main(times):
    def first(value):
        while True: b.switch(1)
    def second(value):
        for i in range(times // 2): a.switch(2)
    a, b = greenlet(first), greenlet(second)
    a.switch(0)
`,
  },
  spawn: {
    row: 'gevent',
    modules: 'gevent',
    program: `
import gevent
def task(): pass
def main(times):
    gevent.joinall([gevent.spawn(task) for _ in range(times)])
`,
  },
  echo: { row: 'gevent', modules: 'gevent', program: measureGeventEcho },
  requests: {
    row: 'gevent + requests',
    modules: 'gevent, requests',
    program: (python) => measureGeventGet(python, 'requests', false),
  },
  urllib3: {
    row: 'gevent + urllib3',
    modules: 'gevent, urllib3',
    program: (python) => measureGeventGet(python, 'urllib3', false),
  },
  'requests-cold': {
    row: 'gevent + requests',
    modules: 'gevent, requests',
    program: (python) => measureGeventGet(python, 'requests', true),
  },
  'urllib3-cold': {
    row: 'gevent + urllib3',
    modules: 'gevent, urllib3',
    program: (python) => measureGeventGet(python, 'urllib3', true),
  },
  pywsgi: { row: "gevent's pywsgi", modules: 'gevent', program: measureGeventServe },
}

/** How its row is called. */
export function pythonRow(work: PythonWork): string {
  return PROGRAMS[work].row
}

/** A Python that can do it: the one that is named, else the one on the path, else the system's; null when there is none. */
export function findPython(work: PythonWork, named: string | undefined): string | null {
  for (const python of named === undefined ? ['python3', '/usr/bin/python3'] : [named]) {
    try {
      execFileSync(python, ['-c', `import ${PROGRAMS[work].modules}`], { stdio: 'ignore' })
      return python
    } catch (error) {
      if (named !== undefined) throw new Error(`${named} cannot import ${PROGRAMS[work].modules}.`, { cause: error })
    }
  }
  return null
}

/** Nanoseconds each. */
export async function measurePython(work: PythonWork, python: string): Promise<number> {
  const { program } = PROGRAMS[work]
  if (typeof program === 'function') return program(python)
  const measured = `main(${String(TIMES / 10)})\nbegan = perf_counter()\nmain(${String(TIMES)})\nprint((perf_counter() - began) / ${String(TIMES)} * 1e9)`
  return Number(execFileSync(python, ['-c', `${CLOCK}${program}\n${measured}`], { encoding: 'utf8' }))
}
