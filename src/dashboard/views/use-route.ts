import { useEffect, useState } from 'preact/hooks'

/** The flotilla that the address names (`#/shop`); null for the overview. */
export function useRoute(): string | null {
  const [name, setName] = useState(routeOf(location.hash))
  useEffect(() => {
    const follow = (): void => setName(routeOf(location.hash))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return name
}

export function hrefOf(name: string | null): string {
  return name === null ? '#/' : `#/${encodeURIComponent(name)}`
}

function routeOf(hash: string): string | null {
  const name = decodeURIComponent(hash.replace(/^#\/?/, ''))
  return name === '' ? null : name
}
