/** What is promised, or a failure that says `otherwise` after so long; nothing of the wait is left behind. */
export async function withTimeout<Value>(
  promised: Promise<Value>,
  withinMs: number,
  otherwise: string,
): Promise<Value> {
  // It may fail after its time is up, when nobody listens any more.
  promised.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), withinMs)
  })
  try {
    return await Promise.race([promised, late])
  } finally {
    clearTimeout(timer)
  }
}
