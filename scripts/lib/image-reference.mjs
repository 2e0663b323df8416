/**
 * @typedef {{ readonly repository: string, readonly tag: string, readonly digest: string | null }}
 * ImageReference
 */

/**
 * Takes `redis`, `redis:8`, `localhost:5000/team/redis:8` or `redis@sha256:…` apart. The tag is `latest` when
 * none is given.
 * @param {string} text
 * @returns {ImageReference}
 */
export function parseImageReference(text) {
  const [name = '', digest = null] = text.split('@')
  const lastSlash = name.lastIndexOf('/')
  const colon = name.indexOf(':', lastSlash + 1)
  return colon === -1
    ? { repository: name, tag: 'latest', digest }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest }
}

/**
 * Why a Redis or HAProxy of this machine may not stand in for the image; null when it may. Only what is
 * plainly one of them is imitated, and nothing that is pinned by its digest.
 * @param {string} text
 * @returns {string | null}
 */
export function whyNoFallbackImage(text) {
  const { repository, digest } = parseImageReference(text)
  if (digest !== null) return 'it is pinned to a digest'
  const name = repository.split('/').at(-1)
  return name === 'redis' || name === 'haproxy' ? null : 'it is not an image of Redis or HAProxy'
}
