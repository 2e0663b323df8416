const key = 'flotilla.token'

/** The token, for as long as this tab is open; null when it was not given. */
export function currentToken(): string | null {
  return sessionStorage.getItem(key)
}

export function keepToken(token: string): void {
  sessionStorage.setItem(key, token)
}

export function forgetToken(): void {
  sessionStorage.removeItem(key)
}
