/**
 * Floor 8: HTTP.
 */
export * as requests from './requests.ts'
export { type RequestOptions, Response } from './requests.ts'
