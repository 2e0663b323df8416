/**
 * Whether two IPv4 subnets (`172.28.5.0/24`) have an address in common. Others, such as IPv6, have none with
 * them.
 */
export function cidrsOverlap(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)]
  return a !== null && b !== null && a.first <= b.last && b.first <= a.last
}

function rangeOf(subnet: string): { readonly first: number; readonly last: number } | null {
  const [, address = '', prefix = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(subnet) ?? []
  if (address === '') return null
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return { first, last: first + 2 ** (32 - Number(prefix)) - 1 }
}
