/**
 * Python's `subprocess` under its own names: what `subprocess.` in front of a call means.
 */
export { CalledProcessError, StartError, SubprocessError, TimeoutExpired } from '../exceptions.ts'
export { DEVNULL, INHERIT, PIPE, STDOUT } from '../launch/options.ts'
export { CompletedProcess } from './completed-process.ts'
export { Popen } from './popen.ts'
export { call, checkCall, checkOutput, getoutput, getstatusoutput, run } from './run.ts'
