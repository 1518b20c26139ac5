// Its children write where it writes.
import { run, STDOUT } from 'greenloop/os'

await run('echo to stdout; echo to stderr >&2', { shell: true })
await run('echo both: 1 >&2; echo both: 2', { shell: true, stdout: 2, stderr: STDOUT })
