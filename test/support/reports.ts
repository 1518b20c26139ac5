/**
 * Catches what the hub would print about failures that nobody reads, for the rest of the running test.
 */
import { getHub } from 'greenloop'
import { onTestFinished } from 'vitest'

/** One report: which greenlet, and what it died of. */
export interface Report {
  readonly name: string
  readonly error: unknown
}

/** The reports from now on; the hub's own way of reporting comes back when the test is over. */
export function catchReports(): Report[] {
  const hub = getHub()
  const reports: Report[] = []
  const before = hub.onError
  hub.onError = (error, { name }) => reports.push({ name, error })
  onTestFinished(() => {
    hub.onError = before
  })
  return reports
}
