/**
 * Node's `http` and `https`, by the door that has no names.
 *
 * To import `node:http` as a module makes a list of its names, and one of them stands, from Node 22 on, for a class of Node's own copy of
 * undici, which is loaded for that: 25 ms, and the slot of the global dispatcher is taken before `global-dispatcher.ts` can look at it.
 *
 * Stands on nothing. Types are imported from `node:http` itself.
 */
export const http: typeof import('node:http') = process.getBuiltinModule('node:http')
export const https: typeof import('node:https') = process.getBuiltinModule('node:https')
