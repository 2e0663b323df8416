import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest } from '../../src/manifest/parse.js'
import { complaints, manifest, rendered } from './samples.js'

const keysOfSpec =
  'image, imagePull, replicas, auth, tls, persistence, config, resources, container, failover, durability, update, network, gateway, labels, bootstrap, hibernate, backup, deletionPolicy'
const begin = 'begin it with apiVersion: flotilla/v1 and kind: RedisReplication, then metadata and spec'

/** What is wrong, the text, and what its author reads. */
const table: readonly (readonly [string, string, ...string[]])[] = [
  [
    'tls in a word that is none',
    manifest('shop', '  replicas: 2\n  tls: requre'),
    '7:8: tls must be true, off, prefer or require, or a mapping, not "requre"; did you mean tls: require?',
  ],
  [
    'replicas in words',
    manifest('shop', '  replicas: two'),
    '6:13: replicas must be a whole number from 0 to 200, not "two"; write replicas: 2',
  ],
  [
    'replicas in quotes',
    manifest('shop', '  replicas: "3"'),
    '6:13: replicas must be a whole number from 0 to 200, not "3"; write replicas: 3',
  ],
  [
    'replicas below zero',
    manifest('shop', '  replicas: -1'),
    '6:13: replicas must be a whole number from 0 to 200, not -1; write replicas: 0',
  ],
  [
    'too many replicas',
    manifest('shop', '  replicas: 201'),
    '6:13: replicas must be a whole number from 0 to 200, not 201; write replicas: 200',
  ],
  [
    'half a replica',
    manifest('shop', '  replicas: 1.5'),
    '6:13: replicas must be a whole number from 0 to 200, not 1.5; write replicas: 2',
  ],
  [
    'infinitely many replicas',
    manifest('shop', '  replicas: .inf'),
    '6:13: replicas must be a whole number from 0 to 200, not Infinity; write replicas: 2',
  ],
  [
    'replicas without a value',
    manifest('shop', '  replicas:'),
    '6:3: replicas has no value; write replicas: 2',
  ],
  [
    'a list of replicas',
    manifest('shop', '  replicas: [1]'),
    '6:13: replicas must be a whole number from 0 to 200, not a list; write replicas: 2',
  ],
  [
    'no replicas',
    manifest('shop', '  image: redis:8'),
    '5:1: replicas is missing; add replicas: 2 under spec',
  ],
  ['an empty spec', manifest('shop', ''), '5:1: spec has no value; write spec: { replicas: 2 }'],
  [
    'a required key misspelt',
    manifest('shop', '  replica: 2'),
    '6:3: unknown key "replica" under spec; did you mean replicas?',
  ],
  [
    'a typo beside the right key',
    manifest('shop', '  replicas: 2\n  replica: 3'),
    '7:3: unknown key "replica" under spec; remove it, since replicas is there already',
  ],
  [
    'a key of somebody else',
    manifest('shop', '  replicas: 2\n  volumes: 3'),
    `7:3: unknown key "volumes" under spec; remove it (the keys here: ${keysOfSpec})`,
  ],
  [
    'a key of every object in JavaScript',
    manifest('shop', '  replicas: 2\n  __proto__: 3\n  constructor: 4'),
    `7:3: unknown key "__proto__" under spec; remove it (the keys here: ${keysOfSpec})`,
    `8:3: unknown key "constructor" under spec; remove it (the keys here: ${keysOfSpec})`,
  ],
  [
    'labels',
    manifest('shop\n  labels: {}'),
    '5:3: unknown key "labels" under metadata; it belongs under spec, indented by two spaces',
  ],
  [
    'a key that is not indented',
    `${manifest()}image: redis:8\n`,
    '7:1: unknown key "image" at the top level; it belongs under spec, indented by two spaces',
  ],
  [
    'a key under the wrong parent',
    manifest('shop\n  kind: x'),
    '5:3: unknown key "kind" under metadata; it belongs at the top level, without indentation',
  ],
  [
    'a key twice',
    manifest('shop', '  replicas: 2\n  replicas: 3'),
    '7:3: "replicas" is written twice here; keep one of them',
  ],
  [
    'an image with a space',
    manifest('shop', '  replicas: 2\n  image: Redis 8'),
    '7:10: image must be an image reference such as redis:8 or valkey/valkey:8, not "Redis 8"; write image: redis:8',
  ],
  [
    'a number as image',
    manifest('shop', '  replicas: 2\n  image: 8'),
    '7:10: image must be an image reference such as redis:8 or valkey/valkey:8, not 8; write image: redis:8',
  ],
  [
    'a default user of another kind',
    manifest('shop', '  replicas: 2\n  auth: { default: admin }'),
    '7:20: auth.default must be restricted, full or off; write default: restricted',
  ],
  [
    'a default user that is off, and nobody else',
    manifest('shop', '  replicas: 2\n  auth: { default: off }'),
    '7:20: auth.default is off and there are no users, so no application could log in; add users, or write default: restricted',
  ],
  [
    'a default user that is off and needs no password',
    manifest(
      'shop',
      '  replicas: 2\n  auth: { mode: none, default: off, users: [{ name: a, rules: +get }] }',
    ),
    '7:32: auth.default is off beside mode: none, which lets everybody in as `default`; keep one of them',
  ],
  [
    'an auth that is near',
    manifest('shop', '  replicas: 2\n  auth: non'),
    '7:9: auth must be generated, none or a passwordFile; did you mean auth: none?',
  ],
  [
    'an auth without a value',
    manifest('shop', '  replicas: 2\n  auth:'),
    '7:3: auth has no value; write auth: generated',
  ],
  [
    'an auth that is a list',
    manifest('shop', '  replicas: 2\n  auth: [x]'),
    '7:9: auth must be generated, none or a passwordFile, not a list; write auth: generated',
  ],
  [
    'an overlap that is no duration',
    manifest('shop', '  replicas: 2\n  auth: { overlap: soon }'),
    '7:20: auth.overlap must be a duration from 0s to 168h, such as 10m, not "soon"; write overlap: 10m',
  ],
  [
    'a password that comes from two places',
    manifest('shop', '  replicas: 2\n  auth: { passwordFile: x, mode: none }'),
    '7:9: auth has mode and passwordFile, and a password comes from one place; keep one of them',
  ],
  [
    'a variable that is the password itself',
    manifest('shop', '  replicas: 2\n  auth: { passwordEnv: hunter-2 }'),
    '7:24: auth.passwordEnv must be the name of an environment variable of the daemon, not the password; write passwordEnv: REDIS_PASSWORD',
  ],
  [
    'a user without rules',
    manifest('shop', '  replicas: 2\n  auth: { users: [{ name: a }] }'),
    '7:19: auth.users[0].rules is missing; add rules: "~orders:* +@read" in entry 1 of users',
  ],
  [
    'a user that Flotilla has itself, and rules with a password in them',
    manifest('shop', '  replicas: 2\n  auth: { users: [{ name: replication, rules: "+@read >hunter2" }] }'),
    "7:27: auth.users[0].name can't be replication: Flotilla itself logs in with it; choose another",
    '7:47: auth.users[0].rules has a password or its hash in it, which every reader of the manifest would see; use passwordFile or passwordEnv',
  ],
  [
    'two users of one name',
    manifest(
      'shop',
      '  replicas: 2\n  auth:\n    users: [{ name: a, rules: +get }, { name: a, rules: +set }]',
    ),
    '8:47: auth.users[1].name is a for the second time; one user has one name',
  ],
  [
    'a password in the manifest',
    manifest('shop', '  replicas: 2\n  auth: { password: hunter2 }'),
    '7:11: unknown key "password" under auth; a password has a file of its own; write passwordFile: ./shop.password',
  ],
  [
    'passwordFile misspelt',
    manifest('shop', '  replicas: 2\n  auth: { passwordfile: x }'),
    '7:11: unknown key "passwordfile" under auth; did you mean passwordFile?',
  ],
  [
    'a passwordFile that is a mapping',
    manifest('shop', '  replicas: 2\n  auth:\n    passwordFile:\n      path: x'),
    '9:7: auth.passwordFile must be the path of a file that holds the password, relative to the folder of this manifest, not a mapping; write passwordFile: ./shop.password',
  ],
  [
    'a persistence that is near',
    manifest('shop', '  replicas: 2\n  persistence: { mode: aop }'),
    '7:24: persistence.mode must be aof, rdb or none, not "aop"; did you mean mode: aof?',
  ],
  [
    'a persistence in capitals',
    manifest('shop', '  replicas: 2\n  persistence: AOF'),
    '7:16: persistence must be aof, rdb or none, not "AOF"; did you mean persistence: aof?',
  ],
  [
    'a persistence that is true',
    manifest('shop', '  replicas: 2\n  persistence: true'),
    '7:16: persistence must be aof, rdb or none, not true; write persistence: aof',
  ],
  [
    'a save point of words',
    manifest('shop', '  replicas: 2\n  persistence: { mode: rdb, save: [hourly] }'),
    '7:36: persistence.save[0] can\'t be "hourly": a save point is seconds and changes, such as "900 1"',
  ],
  [
    'save points beside an append-only file',
    manifest('shop', '  replicas: 2\n  persistence: { save: ["900 1"] }'),
    '7:24: persistence.save is for mode: rdb, and this is aof; remove it',
  ],
  [
    'volumes that would all be called alike',
    manifest('shop', '  replicas: 2\n  persistence: { volume: { name: "data-{flotilla}" } }'),
    '7:34: persistence.volume.name can\'t be "data-{flotilla}": every node of every flotilla needs a name of its own, so {flotilla} and {ordinal} are both in it',
  ],
  [
    'a volume with a path for a name',
    manifest('shop', '  replicas: 2\n  persistence: { volume: { name: "/srv/{flotilla}/{ordinal}" } }'),
    '7:34: persistence.volume.name must be letters, digits, dots, dashes and underscores with {flotilla} and {ordinal} among them, not "/srv/{flotilla}/{ordinal}"; write name: "{flotilla}-{ordinal}"',
  ],
  [
    'a flush of an append-only file that there is not',
    manifest('shop', '  replicas: 2\n  persistence: { mode: rdb, appendfsync: always }'),
    '7:42: persistence.appendfsync is for mode: aof, and this is rdb; remove it',
  ],
  [
    'a policy in lower case',
    manifest('shop', '  replicas: 2\n  deletionPolicy: retain'),
    '7:19: deletionPolicy must be Retain, Delete or Orphan, not "retain"; did you mean deletionPolicy: Retain?',
  ],
  [
    'a policy of Kubernetes',
    manifest('shop', '  replicas: 2\n  deletionPolicy: Recycle'),
    '7:19: deletionPolicy must be Retain, Delete or Orphan, not "Recycle"; write deletionPolicy: Retain',
  ],
  [
    'a name that Docker would not take',
    manifest('Shop_1'),
    '4:9: metadata.name must be 40 characters at most of a-z, 0-9 and -, with a letter or digit at both ends, not "Shop_1"; write name: shop-1',
  ],
  [
    'a name that ends in a dash',
    manifest('shop-'),
    '4:9: metadata.name must be 40 characters at most of a-z, 0-9 and -, with a letter or digit at both ends, not "shop-"; write name: shop',
  ],
  [
    'a number as name',
    manifest('123'),
    '4:9: metadata.name must be 40 characters at most of a-z, 0-9 and -, with a letter or digit at both ends, not 123; write name: "123"',
  ],
  [
    'a name of no usable letter',
    manifest('"§§"'),
    '4:9: metadata.name must be 40 characters at most of a-z, 0-9 and -, with a letter or digit at both ends, not "§§"; write name: shop',
  ],
  [
    'a name that Docker keeps',
    manifest('host'),
    "4:9: metadata.name can't be host: Docker keeps this name for a network of its own; choose another",
  ],
  [
    'no name',
    manifest().replace('  name: shop\n', ''),
    '3:1: metadata has no value; write metadata: { name: shop }',
  ],
  [
    'a name in the wrong place',
    manifest().replace('metadata:\n  name: shop', 'metadata: shop'),
    '3:11: metadata must be a mapping, not "shop"; write metadata: { name: shop }',
  ],
  [
    'another kind',
    'apiVersion: apps/v1\nkind: Deployment\nspec: { template: {} }\n',
    '1:1: this is a Deployment of apps/v1, which is not for Flotilla; move it to another folder (a flotilla has apiVersion: flotilla/v1 and kind: RedisReplication)',
  ],
  [
    'a kind that is near',
    manifest().replace('RedisReplication', 'RedisReplicaton'),
    '2:7: kind must be RedisReplication, not "RedisReplicaton"; did you mean kind: RedisReplication?',
  ],
  [
    'an apiVersion that is near',
    manifest().replace('flotilla/v1', 'flotila/v1'),
    '1:13: apiVersion must be flotilla/v1, not "flotila/v1"; did you mean apiVersion: flotilla/v1?',
  ],
  [
    'no kind',
    manifest().replace('kind: RedisReplication\n', ''),
    '1:1: kind is missing; add kind: RedisReplication at the top level',
  ],
  [
    'a key at the top misspelt',
    manifest().replace('kind:', 'Kind:'),
    '2:1: unknown key "Kind" at the top level; did you mean kind?',
  ],
  ['a mapping of other things', 'services:\n  redis: {}\n', `1:1: this is no flotilla manifest; ${begin}`],
  ['a list', '- redis\n', `1:1: this is no flotilla manifest; ${begin}`],
  ['prose', 'hello\n', `1:1: a manifest must be a mapping, not "hello"; ${begin}`],
  [
    'mistakes in two documents',
    `${manifest('a', '  replicas: x')}---\n${manifest('b', '  replicas: y')}`,
    '6:13: replicas must be a whole number from 0 to 200, not "x"; write replicas: 2',
    '13:13: replicas must be a whole number from 0 to 200, not "y"; write replicas: 2',
  ],

  [
    'no space after the colon',
    manifest('shop', '  image: redis:8\n  replicas:2'),
    '7:3: "replicas:2" needs a space after its colon; write replicas: 2',
  ],
  [
    'no space after the first colon',
    manifest('shop', '  replicas:2\n  image: redis:8'),
    '6:3: "replicas:2" needs a space after its colon; write replicas: 2',
  ],
  [
    'no space after the only colon',
    manifest('shop', '  replicas:2'),
    '6:3: spec must be a mapping, not "replicas:2"; put a space after the colon',
  ],
  [
    'a tab',
    manifest('shop', '\treplicas: 2'),
    '6:1: this line is indented with a tab; YAML allows only spaces: use two spaces for each level',
  ],
  [
    'one space too many',
    manifest('shop', '  image: redis:8\n   replicas: 2'),
    '6:10: a second "key: value" begins inside this value; start it on a line of its own with the same indentation, or put quotes around the value if the colon is part of it',
  ],
  [
    'one space too few',
    manifest('shop', '   image: redis:8\n  replicas: 2'),
    '7:1: this line is indented differently from those above that it belongs to; start it at the same column',
  ],
  [
    'a quote that is not closed',
    manifest('shop', '  image: "redis:8\n  replicas: 2'),
    '6:10: this " opens a text that never ends; close it with another "',
  ],
  [
    'an apostrophe that is not closed',
    manifest('shop', "  image: 'redis:8\n  replicas: 2"),
    "6:10: this ' opens a text that never ends; close it with another '",
  ],
  [
    'a bracket that is not closed',
    manifest('shop', '  auth: { passwordFile: x\n  replicas: 2'),
    '7:3: a { that was opened above is not closed before this line; add the }',
  ],
  [
    'a bracket that was not opened',
    manifest('shop', '  auth: ]'),
    `6:9: "]" can't stand here; remove it, or put it in quotes if it is part of a value`,
  ],
  [
    'an unquoted @',
    manifest('shop', '  image: @redis'),
    "6:10: a value can't start with @; put it in quotes",
  ],
  [
    'text after a quote',
    manifest('shop', '  image: "redis" :8'),
    '6:18: ":8" stands after the end of the value; remove it, or put quotes around the whole value',
  ],
  [
    'a comment glued on',
    manifest('shop', '  image: "redis:8"#latest'),
    '6:19: a comment needs a space before its #; add one, or put quotes around the value if the # is part of it',
  ],
  [
    'an unknown alias',
    manifest('shop', '  image: *redis'),
    '6:10: *redis names no anchor above it; define &redis first, or put quotes around the value',
  ],
  [
    'a lone asterisk',
    manifest('shop', '  image: *'),
    '6:10: an alias needs a name after the *; name it, or put the value in quotes',
  ],
  [
    'an alias of itself',
    manifest('shop', '  auth: &a { passwordFile: *a }'),
    '6:28: this alias (*) repeats itself or others without end; write the values out',
  ],
  [
    'a merge of a word',
    manifest('shop', '  <<: word'),
    '6:3: << takes a mapping, or a list of mappings; write <<: *name',
  ],
  ['a tag', manifest('shop', '  image: !env IMAGE'), '6:10: the tag !env has no meaning here; remove it'],
  [
    'a known tag',
    manifest('shop', '  image: !!binary cmVkaXM='),
    '6:10: the tag !!binary has no meaning here; remove it',
  ],
  [
    'a directive',
    `%FOO bar\n---\n${manifest()}`,
    '1:1: "%FOO bar" is not a directive that YAML knows; remove the line',
  ],
  [
    'old YAML',
    `%YAML 1.1\n---\n${manifest()}`,
    '1:1: written for YAML 1.1, where yes means true; remove the %YAML line',
  ],
  [
    'a key that is a list',
    '? [a]\n: b\n',
    '1:3: a key must be a word, and this one is "[a]"; write it as key: value',
  ],
  ['no key', ': x\n', '1:1: a key must be a word, and this one is nothing; write it as key: value'],
  [
    'an invisible character',
    manifest('shop', '  image: redis\0'),
    '6:15: an invisible control character (U+0000) stands here; remove it, or write "\\u0000" if it belongs to a value',
  ],
  [
    'a colour of a terminal',
    manifest('shop', '  image: \x1b[31mredis'),
    '6:10: an invisible control character (U+001B) stands here; remove it, or write "\\u001B" if it belongs to a value',
  ],
  [
    'an option that Flotilla sets itself',
    manifest('shop', '  replicas: 2\n  config:\n    bind: 127.0.0.1\n    appendonly: yes'),
    "8:11: config.bind can't be set here: Flotilla decides where a node listens, so that it and the other nodes find it; remove it",
    "9:17: config.appendonly can't be set here: what a node writes to its disk is what spec.persistence says; remove it",
  ],
  [
    'an option with capitals, and one that takes no list',
    manifest('shop', '  replicas: 2\n  config:\n    MaxMemory: 1gb\n    hz: [10, 20]'),
    '8:16: config.MaxMemory is no option of redis.conf; write maxmemory',
    '9:9: config.hz takes one value, not a list; write it as one text, its parts with spaces between them',
  ],
  [
    'an option without a value, and one with a mapping for a value',
    manifest('shop', '  replicas: 2\n  config:\n    hz:\n    maxmemory: { a: 1 }'),
    '8:5: config.hz has no value; give it the value that redis.conf would have, or remove the line',
    '9:16: config.maxmemory must be one line of 4096 characters at most, or a list of such lines, not a mapping; give it the value that redis.conf would have, or remove the line',
  ],
  [
    'memory in units that mean two things, and too many CPUs',
    manifest('shop', '  replicas: 2\n  resources:\n    memory: 512m\n    cpus: 9000'),
    '8:13: resources.memory must be an amount of memory from 128Mi to 16384Gi, such as 512Mi or 2Gi, not "512m"; write memory: 512Mi',
    '9:11: resources.cpus must be a number of CPUs from 0.05 to 1024, such as 1.5 or 500m, not 9000; write cpus: 1024',
  ],
  [
    'memory in the words of other programs',
    manifest('shop', '  replicas: 2\n  resources:\n    memory: 1 GB\n    cpus: 500 m'),
    '8:13: resources.memory must be an amount of memory from 128Mi to 16384Gi, such as 512Mi or 2Gi, not "1 GB"; write memory: 1Gi',
    '9:11: resources.cpus must be a number of CPUs from 0.05 to 1024, such as 1.5 or 500m, not "500 m"; write cpus: 0.5',
  ],
  [
    'too little memory, and no CPUs',
    manifest('shop', '  replicas: 2\n  resources:\n    memory: 64Mi\n    cpus: 0'),
    '8:13: resources.memory must be an amount of memory from 128Mi to 16384Gi, such as 512Mi or 2Gi, not "64Mi"; write memory: 128Mi',
    '9:11: resources.cpus must be a number of CPUs from 0.05 to 1024, such as 1.5 or 500m, not 0; write cpus: 0.05',
  ],
  [
    'memory in bytes',
    manifest('shop', '  replicas: 2\n  resources:\n    memory: 1610612736'),
    '8:13: resources.memory must be an amount of memory from 128Mi to 16384Gi, such as 512Mi or 2Gi, not 1610612736; write memory: 1536Mi',
  ],
  [
    'in a container what Flotilla owns',
    manifest('shop', '  replicas: 2\n  container:\n    ports: [6379]\n    env: { REDIS_ARGS: --port 1 }'),
    '8:5: unknown key "ports" under container; nodes change places, and a port of the host would not follow; put HAProxy before them: docs/haproxy.md',
    "9:12: container.env.REDIS_ARGS can't be set: its image makes arguments of it, above what Flotilla configures; write options under spec.config",
  ],
  [
    'a capability as Linux calls it, and too few processes',
    manifest('shop', '  replicas: 2\n  container:\n    capAdd: [cap_net_raw]\n    pidsLimit: 5'),
    '8:14: container.capAdd[0] must be the name of a capability, not "cap_net_raw"; write it in capitals and without CAP_, such as SYS_RESOURCE',
    '9:16: container.pidsLimit must be a whole number from 64 to 4194304, not 5; write pidsLimit: 64',
  ],
  [
    'limits as in Kubernetes',
    manifest('shop', '  replicas: 2\n  resources:\n    limits: { memory: 512Mi, cpu: 500m }\n    requests:'),
    '8:5: unknown key "limits" under resources; memory and cpus stand under resources itself, as the most that a node may have; write resources: { memory: 512Mi, cpus: 500m }',
    '9:5: unknown key "requests" under resources; memory and cpus stand under resources itself, as the most that a node may have; write resources: { memory: 2Gi, cpus: 1.5 }',
  ],
  [
    'memory and a password in the wrong place',
    manifest('shop', '  replicas: 2\n  memory: 2Gi\n  password: hunter2'),
    '7:3: unknown key "memory" under spec; it belongs under resources; write resources: { memory: 2Gi }',
    '8:3: unknown key "password" under spec; a password has a file of its own; write auth: { passwordFile: ./shop.password }',
  ],
  [
    'durations and bytes in the words of other programs',
    manifest(
      'shop',
      '  replicas: 2\n  failover: { hangTimeout: 0.5 s, restartWindow: 1m30s, maxLagBytes: 10 MiB }\n  update: { timeout: 2 hours, pauseBetween: 30 }',
    ),
    '7:28: failover.hangTimeout must be a duration from 1s to 10m, such as 5s, not "0.5 s"; write hangTimeout: 1s',
    '7:50: failover.restartWindow must be a duration from 0s to 10m, such as 0s, not "1m30s"; write restartWindow: 90s',
    '7:70: failover.maxLagBytes must be a number of bytes, such as 10mb, not "10 MiB"; write maxLagBytes: 10mb',
    '8:22: update.timeout must be a duration from 5s to 24h, such as 10m, not "2 hours"; write timeout: 2h',
    '8:45: update.pauseBetween must be a duration from 0s to 24h, such as 30s, not 30; write pauseBetween: 30s',
  ],
  [
    'a label without a value',
    manifest('shop', '  replicas: 2\n  labels:\n    team:'),
    '8:5: labels.team has no value; write team: ""',
  ],
  [
    'variables that nobody fills in',
    manifest(
      '${NAME}',
      '  replicas: ${REPLICAS}\n  image: $IMAGE\n  config: { maxmemory: "${MEMORY:-1gb}" }\n  auth: { passwordFile: "${HOME}/shop" }',
    ),
    '4:9: metadata.name must be 40 characters at most of a-z, 0-9 and -, with a letter or digit at both ends, not "${NAME}"; variables are never filled in here; write the value itself',
    '6:13: replicas must be a whole number from 0 to 200, not "${REPLICAS}"; variables are never filled in here; write the value itself',
    '7:10: image must be an image reference such as redis:8 or valkey/valkey:8, not "$IMAGE"; variables are never filled in here; write the value itself',
    '8:24: config.maxmemory has a variable in it, and those are never filled in here; write the value itself',
    '9:25: auth.passwordFile must be the path of a file that holds the password, relative to the folder of this manifest; variables are never filled in here; write the value itself',
  ],
  [
    'a template that nobody fills in',
    manifest('shop', '  replicas: {{ .Values.replicas }}'),
    '6:14: a template, {{ … }}, is never filled in here; write the value itself',
  ],
  [
    'a home folder that nobody fills in',
    manifest('shop', '  replicas: 2\n  auth: { passwordFile: ~/shop.password }'),
    '7:25: auth.passwordFile must be the path of a file that holds the password, relative to the folder of this manifest; ~ never stands for a home folder here; write the whole path',
  ],
  [
    'an unfinished merge',
    manifest('shop', '<<<<<<< HEAD\n  replicas: 2\n=======\n  replicas: 3\n>>>>>>> theirs'),
    '6:1: a merge conflict begins here and ends in line 10; keep one of the two versions, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>',
  ],
  [
    'half an unfinished merge',
    manifest('shop', '  replicas: 3\n>>>>>>> theirs'),
    '7:1: a merge conflict begins here and ends in line 7; keep one of the two versions, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>',
  ],
  [
    'a hundred brackets',
    manifest('shop', `  auth: ${'['.repeat(100)}`),
    '6:41: nested deeper than 32 levels; a manifest never needs more than 4',
  ],
  [
    'a staircase',
    Array.from({ length: 200 }, (_, n) => `${' '.repeat(n)}a:\n`).join(''),
    '130:1: nested deeper than 32 levels; a manifest never needs more than 4',
  ],
  [
    'a row of dashes',
    `${'- '.repeat(100)}a\n`,
    '1:129: nested deeper than 32 levels; a manifest never needs more than 4',
  ],
]

for (const [what, text, ...expected] of table)
  test(`${what} is explained`, () => {
    assert.deepEqual(
      complaints(text),
      expected.map(line => `shop.yaml:${line}`),
    )
  })

/** The password, wherever somebody may put it who has not read how it is done. */
const password = 'hunter2-Fz9'
const passwordsInManifest: readonly string[] = [
  ...[`  auth: ${password}`, `  auth: [${password}]`, `  auth: { mode: ${password} }`],
  ...[`  auth: { passwordEnv: ${password} }`, '  auth: { passwordEnv: hunter2Fz9 }'],
  ...[
    `  auth: { password: ${password} }`,
    `  password: ${password}`,
    `  config: { requirepass: ${password} }`,
  ],
  ...[`  auth: { users: [${password}] }`, `  auth: { users: [{ name: a, rules: on ${password} }] }`],
  ...[`  auth: { users: [{ name: "a:${password}", rules: +get }] }`],
  ...[`  auth:\n    passwordEnv:${password}`, `  auth:\n    passwordEnv: *${password}`],
  ...[`  auth:\n    passwordEnv: !${password} x`, `  auth:\n    password: "x" ${password}`],
  ...[`  auth:\n    passwordEnv: &${password}& x`, `  auth: { password: [${password}: }`],
  ...[`  bootstrap: { from: { host: "redis://app:${password}@old:6379" } }`],
  ...[`  bootstrap: { from: { host: old, port: ${password} } }`, `  bootstrap: { from: ${password} }`],
  ...[`  image: https://app:${password}@registry.example/redis:8`],
  ...[`  image: app:${password}@registry.example/redis:8`],
  ...[`  network: { external: ["https://app:${password}@x"] }`],
]

for (const line of passwordsInManifest)
  test(`a password is not repeated where a manifest says ${line.replaceAll(/\s+/g, ' ').trim()}`, () => {
    const { diagnostics } = parseManifest(manifest('shop', `  replicas: 2\n${line}`), { file: 'shop.yaml' })
    const told = rendered(diagnostics)
    assert.ok(told.length > 0)
    assert.doesNotMatch(told.join('\n'), /hunter2|Fz9/)
  })

test('columns are not shifted by a byte order mark or by line ends of Windows', () => {
  assert.match(complaints(`\uFEFF${manifest().replace('flotilla/v1', 'x')}`)[0] ?? '', /^shop\.yaml:1:13: /)
  assert.match(
    complaints(manifest('shop', '  replicas: x').replaceAll('\n', '\r\n'))[0] ?? '',
    /^shop\.yaml:6:13: /,
  )
})
