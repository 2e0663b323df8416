import type { FieldPath } from './field-path.js'
import type { FlotillaSpec, PasswordSource } from '../model/spec.js'

/** What a manifest names instead of writing it down: where a password, a key or a certificate comes from. */
export type NamedSecret = { readonly path: FieldPath } & (
  | { readonly kind: 'file'; readonly file: string }
  /** Of the daemon's environment. */
  | { readonly kind: 'variable'; readonly variable: string }
)

export function namedSecrets(spec: FlotillaSpec): readonly NamedSecret[] {
  const { auth, tls, bootstrap, imagePull, backup } = spec
  const source = bootstrap?.passwordFile ?? null
  return [
    ...secretOf(['spec', 'auth'], auth),
    ...auth.users.flatMap(({ password }, index) =>
      secretOf(['spec', 'auth', 'users', String(index)], password),
    ),
    ...certificateFiles(tls),
    ...(source === null
      ? []
      : [{ kind: 'file', path: ['spec', 'bootstrap', 'from', 'passwordFile'], file: source } as const]),
    ...(imagePull.secretFile === null
      ? []
      : [{ kind: 'file', path: ['spec', 'imagePull', 'secretFile'], file: imagePull.secretFile } as const]),
    ...filesOfBackup(backup),
  ]
}

function secretOf(path: FieldPath, source: PasswordSource): readonly NamedSecret[] {
  switch (source.kind) {
    case 'generated':
    case 'none':
      return []
    case 'password-file':
      return [{ kind: 'file', path: [...path, 'passwordFile'], file: source.path }]
    case 'password-env':
      return [{ kind: 'variable', path: [...path, 'passwordEnv'], variable: source.variable }]
  }
}

function certificateFiles({ certificates }: FlotillaSpec['tls']): readonly NamedSecret[] {
  if (certificates.kind !== 'files') return []
  const { certFile, keyFile, caFile } = certificates
  const named = { cert: certFile, key: keyFile, ca: caFile }
  return Object.entries(named).map(([key, file]) => ({
    kind: 'file',
    path: ['spec', 'tls', 'files', key],
    file,
  }))
}

function filesOfBackup(backup: FlotillaSpec['backup']): readonly NamedSecret[] {
  if (backup === null) return []
  const { to, keyFile } = backup
  const named = [
    { path: ['to', 's3', 'credentialsFile'], file: to.kind === 's3' ? to.credentialsFile : null },
    { path: ['encrypt', 'keyFile'], file: keyFile },
  ]
  return named.flatMap(({ path, file }) =>
    file === null ? [] : [{ kind: 'file' as const, path: ['spec', 'backup', ...path], file }],
  )
}
