import { resolve } from 'node:path'
import { z } from 'zod'
import type { TlsSpec } from '../../model/spec.js'
import { pathShape } from '../unexpanded.js'
import { durationField } from '../units.js'
import { field } from '../field-docs.js'

const modes = ['off', 'prefer', 'require'] as const

/**
 * What YAML of before 2009 makes of these words too, so that `tls: on` and `tls: off` mean the same whoever
 * wrote the file.
 */
const docs = [...modes, 'on'] as const

/**
 * Three months, as certificates on the web have it: long enough to outlast a forgotten daemon, short enough
 * that renewal is a habit.
 */
const defaultLifetime = { text: '90d', ms: 90 * 86_400_000 }

/** Where a manifest says nothing of it. */
export const defaultTls: TlsSpec = {
  ...{ mode: 'off', clientAuth: 'none' },
  certificates: generatedFor(defaultLifetime.ms),
}

const mode = field(z.enum(modes), {
  describe:
    'off: nothing is encrypted. prefer: nodes talk to each other over TLS, and clients may (port 6380) or may not (6379). require: TLS only, port 6379 is closed.',
  wants: 'off, prefer or require',
  example: 'require',
  choices: modes,
})

const clientAuths = ['none', 'optional', 'require'] as const

const clientAuth = field(z.enum(clientAuths), {
  describe:
    'Whether clients that connect over TLS show a certificate (mutual TLS): none is asked for, one that is shown must be good (optional), or nobody is let in without one (require). It is to be signed by the private authority (flotilla certificate issue), or by one in the ca file of files.',
  wants: 'none, optional or require',
  example: 'require',
  choices: clientAuths,
})

const lifetime = durationField(
  { minMs: 3_600_000, maxMs: 825 * 86_400_000 },
  {
    describe:
      "How long a certificate that Flotilla makes is good for; it is renewed when a third of that is left. Left out: 90d. Of no effect on files of one's own.",
    wants: 'a duration from 1h to 825d, such as 90d',
    example: '90d',
  },
)

/**
 * Encryption of all connections: between nodes, of clients, and our own. Left out: off. A bare mode means
 * certificates of Flotilla's own, and a bare yes that nothing is in plain text.
 */
export function tlsSection(folder: string) {
  const path = (what: string, example: string) =>
    field(z.string().regex(pathShape), {
      describe: `A PEM file with ${what}, relative to the folder of this manifest.`,
      wants: `the path of a PEM file with ${what}, relative to the folder of this manifest`,
      example,
    })
  const files = field(
    z.strictObject({
      cert: path(
        'the certificate of the nodes, followed by those between it and its authority',
        './shop.crt',
      ),
      key: path('the private key of that certificate, without a passphrase', './shop.key'),
      ca: path('the authorities that clients and nodes are to trust', './ca.crt'),
    }),
    {
      describe:
        'A certificate of your own for all nodes. Left out: Flotilla makes a private authority and a certificate for each node, and renews them.',
      wants: 'a mapping of cert, key and ca',
      example: '{ cert: ./shop.crt, key: ./shop.key, ca: ./ca.crt }',
    },
  )
  return field(
    z
      .union([
        z.boolean(),
        z.enum(docs),
        z
          .strictObject({
            mode: mode.prefault('require'),
            clientAuth: clientAuth.prefault('none'),
            files: files.optional(),
            lifetime: lifetime.prefault(defaultLifetime.text),
          })
          .superRefine((tls, context) => {
            const problem = whyNotAsk(tls)
            if (problem !== null) context.addIssue({ code: 'custom', path: ['clientAuth'], message: problem })
          }),
      ])
      .transform((tls): TlsSpec => {
        if (typeof tls !== 'object') return { ...defaultTls, mode: modeOf(tls) }
        const asked = { mode: tls.mode, clientAuth: tls.clientAuth }
        if (tls.files === undefined) return { ...asked, certificates: generatedFor(tls.lifetime) }
        const { cert, key, ca } = tls.files
        return {
          ...asked,
          certificates: {
            kind: 'files',
            certFile: resolve(folder, cert),
            keyFile: resolve(folder, key),
            caFile: resolve(folder, ca),
          },
        }
      }),
    {
      describe:
        'Encryption between nodes and of clients: off, prefer (both ports are open) or require (true and on mean it too, false means off), or a mapping with mode, clientAuth, files and lifetime.',
      wants: 'true, off, prefer or require, or a mapping',
      example: 'true',
      choices: docs,
    },
  )
}

function whyNotAsk(tls: Pick<TlsSpec, 'mode' | 'clientAuth'>): string | null {
  if (tls.clientAuth === 'none' || tls.mode === 'require') return null
  if (tls.mode === 'off') return 'asks clients for certificates, but mode is off; write mode: require'
  return tls.clientAuth === 'require'
    ? 'can not be require with mode: prefer, as clients in plain text show no certificate; write mode: require, or clientAuth: optional'
    : null
}

function modeOf(word: boolean | (typeof docs)[number]): TlsSpec['mode'] {
  if (typeof word === 'boolean') return word ? 'require' : 'off'
  return word === 'on' ? 'require' : word
}

function generatedFor(lifetimeMs: number): TlsSpec['certificates'] {
  return { kind: 'generated', lifetimeMs }
}
