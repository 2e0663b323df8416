/** What a condition says, before the time of its last change is known. */
export interface Fact {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export function yes(reason: string, message: string): Fact {
  return { status: 'True', reason, message }
}

export function no(reason: string, message: string): Fact {
  return { status: 'False', reason, message }
}
