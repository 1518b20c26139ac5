// Starts children until no descriptors are left, and as somebody else until there may be no more processes: runs itself under such limits, and
// prints what is thrown.
import { checkOutput, DEVNULL, PIPE, Popen, type StartError } from 'greenloop/os'

function untilRefused(options: object): unknown {
  const children: Disposable[] = []
  try {
    for (let n = 0; n < 60; n++) children.push(new Popen(['sleep', '9'], { stdin: DEVNULL, ...options }))
    return 'no limit was met'
  } catch (error) {
    const { code, message } = error as StartError
    return [code, message]
  } finally {
    for (const child of children) child[Symbol.dispose]()
  }
}

if (process.argv[2] === 'descriptors') console.log(JSON.stringify(untilRefused({ stdout: PIPE })))
else if (process.argv[2] === 'processes') console.log(JSON.stringify(untilRefused({ stdout: DEVNULL })))
else {
  const [node, program] = [process.execPath, process.argv[1] ?? '']
  const under = async (limit: string, what: string, user: object): Promise<unknown> =>
    JSON.parse(await checkOutput(['prlimit', limit, node, program, what], { text: true, ...user }))
  const descriptors = await under('--nofile=56', 'descriptors', {})
  const processes = await under('--nproc=30', 'processes', { uid: 60_123, gid: 60_123 })
  console.log(JSON.stringify({ descriptors, processes }))
}
