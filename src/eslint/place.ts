/**
 * Where an expression stands: in whose body, and whether anybody takes its value.
 *
 * Stands on the syntax tree alone. Leaves the types to `green-types.ts`, and to the rules what follows from both.
 */
import type { TSESTree } from '@typescript-eslint/utils'

/** The body of a generator function, code that may `await`, or code that can do neither. */
export type Place = 'greenlet' | 'async' | 'plain'

/** A node whose body runs for itself. */
type FunctionNode = TSESTree.ArrowFunctionExpression | TSESTree.FunctionDeclaration | TSESTree.FunctionExpression

/** Whether `node` is a function; what stands in one runs at another time, or not at all. */
export function isFunction(node: TSESTree.Node): node is FunctionNode {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression'
  )
}

/** The generator function in whose own body `node` stands; null elsewhere, and in async generators, where `await` drives. */
export function generatorAround(node: TSESTree.Node): FunctionNode | null {
  const around = bodyAround(node)
  return around !== null && isFunction(around) && around.generator && !around.async ? around : null
}

/** What `node` may use to wait. `top` is what the outermost code of the file may use. */
export function placeOf(node: TSESTree.Node, top: Place): Place {
  const around = bodyAround(node)
  if (around?.type === 'Program') return top
  if (around === null || !isFunction(around)) return 'plain'
  if (around.async) return 'async'
  return around.generator ? 'greenlet' : 'plain'
}

/** The function, or the module, in which `node` is executed; null in a field, a static block or a parameter. */
function bodyAround(node: TSESTree.Node): FunctionNode | TSESTree.Program | null {
  let child = node
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    if (parent.type === 'Program') return parent
    if (isFunction(parent)) return child === parent.body ? parent : null
    if (parent.type === 'StaticBlock' || parent.type === 'TSModuleBlock') return null
    if (parent.type === 'PropertyDefinition' && child === parent.value) return null
  }
  return null
}

/** The expressions whose value is lost when the value of `expression` is. */
export function lostWith(expression: TSESTree.Expression): readonly TSESTree.Expression[] {
  switch (expression.type) {
    case 'SequenceExpression': // the others are lost whatever becomes of the last
      return expression.expressions.slice(-1).flatMap(lostWith)
    case 'LogicalExpression':
      return lostWith(expression.right)
    case 'ConditionalExpression':
      return [...lostWith(expression.consequent), ...lostWith(expression.alternate)]
    default:
      return [expression]
  }
}

/** The expressions that decide when `expression` is a condition. A left operand is a condition of its own. */
export function decidingIn(expression: TSESTree.Expression): readonly TSESTree.Expression[] {
  switch (expression.type) {
    case 'SequenceExpression':
      return expression.expressions.slice(-1).flatMap(decidingIn)
    case 'LogicalExpression':
      return decidingIn(expression.right)
    default:
      return [expression]
  }
}
