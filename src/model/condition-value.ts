/** What a condition says, before the time of its last change is known. */
export interface ConditionValue {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export function conditionTrue(reason: string, message: string): ConditionValue {
  return { status: 'True', reason, message }
}

export function conditionFalse(reason: string, message: string): ConditionValue {
  return { status: 'False', reason, message }
}
