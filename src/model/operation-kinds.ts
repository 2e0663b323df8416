import type { OperationKind } from './record.js'

/** What follows from how a master came to be one. */
interface OperationTraits {
  /** It was master already when it was found: nothing is promoted, and nobody's request is carried out. */
  readonly isFound: boolean
  /** The old master may hold what the new one never had. */
  readonly leavesData: boolean
}

const promoted: OperationTraits = { isFound: false, leavesData: false }
const found: OperationTraits = { isFound: true, leavesData: false }

export const operationTraits: Readonly<Record<OperationKind, OperationTraits>> = {
  creation: promoted,
  restart: promoted,
  'cold-start': promoted,
  failover: { isFound: false, leavesData: true },
  switchover: promoted,
  'take-over': promoted,
  adoption: found,
  external: { isFound: true, leavesData: true },
  restored: { isFound: true, leavesData: true },
}
