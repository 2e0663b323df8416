/**
 * The hosts of the Sentinels among these clients. Each names its connections `sentinel-<first letters of its
 * id>-cmd` and `…-pubsub`, and keeps one of the second kind at every node that it watches (sentinel.c, all
 * versions).
 * @param clientList the reply to CLIENT LIST: one line for each client, `id=3 addr=10.0.0.9:41234 …
 * name=sentinel-1a2b3c4d-pubsub …`.
 */
export function sentinelsIn(clientList: string): readonly string[] {
  const hosts = clientList.split('\n').flatMap(line => {
    const fields = line.split(' ')
    const valueOf = (name: string): string =>
      fields.find(field => field.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
    if (!/^sentinel-[0-9a-f]+-(?:cmd|pubsub)$/.test(valueOf('name'))) return []
    const address = valueOf('addr')
    return [address.slice(0, Math.max(0, address.lastIndexOf(':')))]
  })
  return [...new Set(hosts)].toSorted()
}
