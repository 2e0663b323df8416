import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotRules } from '../../src/redis/acl-rules.js'

test('what an ACL file takes as rules is taken', () => {
  const right = [
    '~* &* +@all',
    '~orders:* %R~stock:* %RW~cart:* +@read +@write -@dangerous',
    'allkeys allchannels allcommands',
    'resetkeys resetchannels nocommands +GET +config|get +ft.search',
    '+@all -flushall sanitize-payload',
    '+ping (~a:* +get) (%R~b:* +@read)',
    '~weird{}:(x) +get',
  ]
  for (const rules of right) assert.equal(whyNotRules(rules), null, rules)
})

test('a password, a hash, or what Flotilla sets itself is not for the rules to say', () => {
  for (const secret of ['>hunter2', '<hunter2', `#${'a'.repeat(64)}`, `!${'a'.repeat(64)}`, '(>hunter2)']) {
    const reason = whyNotRules(`+@read ${secret}`) ?? ''
    assert.match(reason, /^has a password or its hash in it/)
    assert.doesNotMatch(reason, /hunter2|aaaa/)
  }
  for (const word of ['on', 'OFF', 'nopass', 'resetpass', 'reset', 'clearselectors'])
    assert.match(whyNotRules(`+@read ${word}`) ?? '', /^has "\w+" in it, which Flotilla sets itself/)
})

test('what is no rule is refused with an example of one', () => {
  for (const rules of ['read', '+', '@read', '+@', '~', '%X~a', '+get|a|b', 'GET', '+get,set', 'nonsense *'])
    assert.match(whyNotRules(rules) ?? '', /which is no ACL rule; write for example/, rules)
  for (const rules of ['', '   ']) assert.match(whyNotRules(rules) ?? '', /^is empty/)
  assert.match(whyNotRules(`+get ${'~a '.repeat(2_000)}`) ?? '', /longer than/)
})

test('a selector is closed once and holds no other', () => {
  assert.match(whyNotRules('+ping (~a +get') ?? '', /not closed/)
  assert.match(whyNotRules('(~a (+get))') ?? '', /within another/)
  assert.match(whyNotRules('+get)') ?? '', /without its/)
})
