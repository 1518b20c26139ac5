/**
 * Handlers of Node's HTTP servers: under `patchHttp` these drive what a handler returns, although by its type it returns nothing.
 *
 * That the patch is meant is told by the types: only who imports `greenloop/monkey` sees `sendall` on a response, and `accept` on a server.
 *
 * Stands on the compiler's types. Leaves to the rules what else may be done with a function.
 */
import type { TSESTree } from '@typescript-eslint/utils'
import type ts from 'typescript'

/** How listeners are added, and removed. */
const LISTENING: ReadonlySet<string> = new Set([
  'on',
  'addListener',
  'once',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
])

/** The events whose listeners are handlers. */
const HANDLED: ReadonlySet<unknown> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
  'clientError',
])

/** Whether `type`, which is expected of a function, is that of a handler of requests: the second thing that it is given is a response. */
export function isRequestHandler(checker: ts.TypeChecker, type: ts.Type): boolean {
  return type.getCallSignatures().some(({ parameters }) => {
    const response = parameters[1] && checker.getTypeOfSymbol(parameters[1])
    return response !== undefined && hasAll(checker, response, ['sendall', 'writeContinue'])
  })
}

/** The emitter to which `node` is added as a handler: `server.on('request', node)`; null when it is nothing of that kind. */
export function emitterOf(node: TSESTree.Node): TSESTree.Expression | null {
  const call = node.parent
  if (call?.type !== 'CallExpression' || call.arguments[1] !== node) return null
  const [event] = call.arguments
  const { callee } = call
  if (event?.type !== 'Literal' || !HANDLED.has(event.value) || callee.type !== 'MemberExpression') return null
  return callee.property.type === 'Identifier' && LISTENING.has(callee.property.name) ? callee.object : null
}

/** Whether `type` is that of an HTTP server. */
export function isServer(checker: ts.TypeChecker, type: ts.Type): boolean {
  return hasAll(checker, type, ['closeIdleConnections', 'accept'])
}

function hasAll(checker: ts.TypeChecker, type: ts.Type, names: readonly string[]): boolean {
  const apparent = checker.getApparentType(type)
  return names.every((name) => checker.getPropertyOfType(apparent, name) !== undefined)
}
