/**
 * `greenloop/trace`: what greenlets did, and what they do now.
 *
 * A door: re-exports only.
 */
export type {
  Arrow,
  ArrowKind,
  End,
  Place,
  Recording,
  Span,
  SpanKind,
  Track,
} from './record/recording.ts'
