/**
 * python-greenlet, measured from here: the same two greenlets that hand control to each other, by its own C.
 */
import { execFileSync } from 'node:child_process'

const SWITCHES = 1_000_000
const PROGRAM = `
from greenlet import greenlet
from time import perf_counter
def main(switches):
    def first(value):
        while True: b.switch(1)
    def second(value):
        for i in range(switches // 2): a.switch(2)
    a, b = greenlet(first), greenlet(second)
    a.switch(0)
main(${String(SWITCHES)} // 10)
began = perf_counter()
main(${String(SWITCHES)})
print((perf_counter() - began) / ${String(SWITCHES)} * 1e9)
`

/** A Python that can import greenlet: the one that is named, else the one on the path; null when there is none. */
export function findPython(named: string | undefined): string | null {
  const python = named ?? 'python3'
  try {
    execFileSync(python, ['-c', 'import greenlet'], { stdio: 'ignore' })
    return python
  } catch (error) {
    if (named !== undefined) throw new Error(`${named} cannot import greenlet.`, { cause: error })
    return null
  }
}

/** Nanoseconds per switch. */
export function measurePython(python: string): number {
  return Number(execFileSync(python, ['-c', PROGRAM], { encoding: 'utf8' }))
}
