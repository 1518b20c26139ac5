/**
 * `greenloop/no-swallowed-interrupt`: finds the `catch` that keeps a kill or a timeout to itself.
 *
 * JavaScript has one tier of errors, so a `catch` around a wait also gets what was thrown to end it: GreenletExit, Timeout. One that
 * takes them for failures makes a greenlet that cannot be killed. Right is whoever rethrows something, asks `isInterrupt`, or asks
 * `instanceof` for one of the classes; whether each path does is not followed.
 *
 * Stands on the syntax tree. Types, where there are any, tell a wait from the `yield*` of an ordinary generator.
 */
import type { TSESLint, TSESTree } from '@typescript-eslint/utils'
import { GreenTypes } from './green-types.ts'
import { generatorAround, isFunction } from './place.ts'
import { findServices } from './services.ts'
import { type Source, table } from './wording.ts'

type MessageId = 'swallowed' | 'rethrow'
type Context = Readonly<TSESLint.RuleContext<MessageId, []>>

/** What may be asked for with `instanceof`. */
const INTERRUPTS: ReadonlySet<string> = new Set(['GreenletExit', 'Interrupt', 'Timeout'])

/** What a caught error is called where it has no name yet. */
const NAMES = ['error', 'err', 'thrown', 'caughtError']

/** The rule. */
export const noSwallowedInterrupt: TSESLint.RuleModule<MessageId> = {
  meta: {
    type: 'problem',
    docs: { description: 'Require that a `catch` around `yield*` lets interrupts pass' },
    hasSuggestions: true,
    schema: [],
    messages: {
      swallowed:
        'This `catch` stands around a wait, so it also gets what kills the greenlet or times it out, and keeps it.\n\n{{lines}}',
      rethrow: 'Let interrupts pass: `if (isInterrupt({{name}})) throw {{name}}`.',
    },
  },
  create(context) {
    const { sourceCode } = context
    const services = findServices(sourceCode.parserServices)
    const types = services && new GreenTypes(services.program.getTypeChecker())

    function isWait(node: TSESTree.Node): boolean {
      if (node.type !== 'YieldExpression' || !node.delegate) return false
      return !types || types.partsOf(services.getTypeAtLocation(node.argument)).some((part) => part !== null)
    }

    return {
      TryStatement({ block, handler }) {
        // In an async generator `yield*` drives nothing of ours.
        if (handler === null || generatorAround(handler) === null) return
        if (!within(sourceCode, block, isWait) || letsPass(sourceCode, handler)) return
        const name = nameIn(sourceCode, handler)
        const head = handler.param === null ? '' : ` (${sourceCode.getText(handler.param)})`
        const lines = table(
          [`catch${head} { ... }`, 'incorrect: a kill ends nothing'],
          [`catch (${name}) { if (isInterrupt(${name})) throw ${name}; ... }`, 'correct'],
        )
        context.report({
          node: handler,
          loc: { start: handler.loc.start, end: handler.body.loc.start },
          messageId: 'swallowed',
          data: { lines },
          suggest:
            handler.param === null || handler.param.type === 'Identifier'
              ? [{ messageId: 'rethrow', data: { name }, fix: (fixer) => rethrow(context, fixer, handler, name) }]
              : [],
        })
      },
    }
  },
}

/** Whether `test` holds for a node in `node`, at whatever depth; what is in a function of its own does not count. */
function within(source: Source, node: TSESTree.Node, test: (node: TSESTree.Node) => boolean): boolean {
  if (test(node)) return true
  if (isFunction(node)) return false
  return childrenOf(source, node).some((child) => within(source, child, test))
}

function childrenOf(source: Source, node: TSESTree.Node): TSESTree.Node[] {
  const values = (source.visitorKeys[node.type] ?? []).flatMap((key): unknown => Reflect.get(node, key))
  return values.filter((value): value is TSESTree.Node => typeof value === 'object' && value !== null)
}

/** Whether some path of `handler` throws, or asks what it has caught. */
function letsPass(source: Source, handler: TSESTree.CatchClause): boolean {
  return within(source, handler.body, (node) => {
    if (node.type === 'ThrowStatement') return true
    if (node.type === 'Identifier') return node.name === 'isInterrupt'
    if (node.type !== 'BinaryExpression' || node.operator !== 'instanceof') return false
    const asked =
      node.left.type === 'Identifier' && handler.param?.type === 'Identifier'
        ? node.left.name === handler.param.name
        : false
    return asked && INTERRUPTS.has(lastNameOf(node.right))
  })
}

/** `Timeout` of `Timeout` and of `gevent.Timeout`. */
function lastNameOf(node: TSESTree.Expression): string {
  if (node.type === 'MemberExpression') return node.property.type === 'Identifier' ? node.property.name : ''
  return node.type === 'Identifier' ? node.name : ''
}

/** What the error is called in `handler`, or can be. */
function nameIn(source: Source, handler: TSESTree.CatchClause): string {
  if (handler.param?.type === 'Identifier') return handler.param.name
  const taken = new Set(source.getTokens(handler.body).map((token) => token.value))
  return NAMES.find((name) => !taken.has(name)) ?? 'error'
}

function rethrow(
  context: Context,
  fixer: TSESLint.RuleFixer,
  handler: TSESTree.CatchClause,
  name: string,
): TSESLint.RuleFix[] {
  const { sourceCode } = context
  const fixes = importing(sourceCode, fixer)
  const { body } = handler
  if (handler.param === null) fixes.push(fixer.insertTextBefore(body, `(${name}) `))
  const line = `if (isInterrupt(${name})) throw ${name}`
  const [first] = body.body
  if (first === undefined) {
    fixes.push(fixer.insertTextAfterRange([body.range[0], body.range[0] + 1], ` ${line} `))
  } else if (first.loc.start.line === body.loc.start.line) {
    fixes.push(fixer.insertTextBefore(first, `${line}; `))
  } else {
    // Without a semicolon such a line would go on from the error that is thrown.
    const end = /^[([`+\-/]/u.test(sourceCode.getText(first)) ? ';' : ''
    fixes.push(fixer.insertTextBefore(first, `${line}${end}\n${' '.repeat(first.loc.start.column)}`))
  }
  return fixes
}

/** Adds `isInterrupt` to the names that the file imports from greenloop, if there are any and it is not among them. */
function importing(source: Source, fixer: TSESLint.RuleFixer): TSESLint.RuleFix[] {
  const ofModule = source.scopeManager?.globalScope?.childScopes[0]
  if (ofModule?.set.has('isInterrupt')) return []
  const names = source.ast.body.flatMap((node) =>
    node.type === 'ImportDeclaration' && node.source.value === 'greenloop' && node.importKind !== 'type'
      ? node.specifiers.filter((specifier) => specifier.type === 'ImportSpecifier')
      : [],
  )
  return names.slice(-1).map((last) => fixer.insertTextAfter(last, ', isInterrupt'))
}
