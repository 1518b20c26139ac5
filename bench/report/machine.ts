/**
 * The machine of a run, and whose versions ran on it.
 *
 * Stands on Node and on the Python that was asked. Names no host, no user and no folder: it is published.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as os from 'node:os'

/** What ran where. */
export interface Machine {
  /** Their model. */
  readonly processors: string
  readonly count: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly v8: string
  /** Ours and the rivals'. */
  readonly packages: Readonly<Record<string, string>>
  /** Null when there is none. */
  readonly python: Python | null
}

/** What ran in Python. */
export interface Python {
  /** `CPython 3.11.2`. */
  readonly version: string
  readonly packages: Readonly<Record<string, string>>
}

const PACKAGES = ['greenloop', 'co', 'effect', 'effection', 'fast-check', 'p-limit', 'p-queue', 'redux-saga', 'undici']
const PYTHON_PACKAGES = ['greenlet', 'gevent', 'Twisted', 'requests']

/** Looks at this machine; `python` is a program. */
export function machineOf(python: string): Machine {
  const processors = os.cpus()
  return {
    processors: processors[0]?.model.trim() ?? 'unknown',
    count: processors.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    // Without what the one who built it has added.
    kernel: `${os.type()} ${/^[\d.]+/u.exec(os.release())?.[0] ?? os.release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    python: pythonOf(python),
  }
}

/** From the manifest itself: most packages do not export it. */
function versionOf(name: string): string {
  const folder = name === 'greenloop' ? '../../' : `../../node_modules/${name}/`
  const manifest = readFileSync(new URL(`${folder}package.json`, import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version // each package has one
}

const QUESTION = `
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
packages = {}
for name in sys.argv[1:]:
    try:
        packages[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps({'version': platform.python_implementation() + ' ' + platform.python_version(), 'packages': packages}))
`

function pythonOf(python: string): Python | null {
  try {
    const answer = execFileSync(python, ['-c', QUESTION, ...PYTHON_PACKAGES], { encoding: 'utf8', stdio: 'pipe' })
    return JSON.parse(answer) as Python // what QUESTION prints
  } catch {
    return null
  }
}
