/**
 * What an ACL rule is made of, so far as it can be told without a server: docs at
 * redis.io/docs/latest/operate/oss_and_stack/management/security/acl.
 */

const keywords = [
  ...['allkeys', 'resetkeys', 'allchannels', 'resetchannels', 'allcommands', 'nocommands'],
  ...['sanitize-payload', 'skip-sanitize-payload'],
]

/** Whether a user exists, is on and by which password it comes in is not for its rules to say. */
const managed = ['on', 'off', 'nopass', 'resetpass', 'reset', 'clearselectors']

const patterns = [
  /^~\S+$/,
  /^%(?:R|W|RW)~\S+$/i,
  /^&\S+$/,
  /^[+-]@[a-z]+$/i,
  // A command, of a module too (`+ft.search`), with at most one subcommand (`+config|get`).
  /^[+-][a-z][a-z0-9._-]*(?:\|[a-z0-9._-]+)?$/i,
]

const rulesLengthMax = 4_096

/**
 * Why these are no rules of an ACL user, as the rest of a sentence; null when nothing speaks against them.
 * Which commands and categories there are only a server knows. The answer never repeats what may be a
 * password.
 */
export function whyNotRules(rules: string): string | null {
  if (rules.length > rulesLengthMax) return `is longer than ${rulesLengthMax} characters`
  const tokens = ruleTokens(rules)
  if (tokens.length === 0) return 'is empty; write for example "~orders:* +@read"'
  return whyNotBalanced(tokens) ?? tokens.map(whyNotToken).find(reason => reason !== null) ?? null
}

/** Redis splits an ACL line at spaces, without quotes: a pattern has none in it. */
export function ruleTokens(rules: string): readonly string[] {
  return rules.split(/\s+/).filter(token => token !== '')
}

/** A selector, `(~key:* +get)`, may be spread over several words and holds no other. */
function whyNotBalanced(tokens: readonly string[]): string | null {
  let open = false
  for (const token of tokens) {
    if (token.startsWith('(')) {
      if (open) return 'has a selector "(" within another one'
      open = true
    }
    if (token.endsWith(')') && !/^\(?[~&%]/.test(token.slice(0, -1)) && !open)
      return 'has a ")" without its "("'
    if (token.endsWith(')') && open) open = false
  }
  return open ? 'has a selector "(" that is not closed' : null
}

function whyNotToken(token: string): string | null {
  const inner = token.replace(/^\(/, '').replace(/\)$/, '')
  if (inner === '') return null
  if (/^[><#!]/.test(inner))
    return 'has a password or its hash in it, which every reader of the manifest would see; use passwordFile or passwordEnv'
  if (managed.includes(inner.toLowerCase()))
    return `has "${inner}" in it, which Flotilla sets itself; remove it (a user without a password has mode: none)`
  if (keywords.includes(inner.toLowerCase()) || patterns.some(pattern => pattern.test(inner))) return null
  // What does not even begin as a rule may be a password without its sign.
  const shown = /^[+\-~&%]/.test(inner) ? JSON.stringify(inner.slice(0, 40)) : 'a word'
  return `has ${shown} in it, which is no ACL rule; write for example "~orders:* +@read"`
}
