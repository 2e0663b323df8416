import type { JSX } from 'preact'
import type { Severity } from '../model/severity.js'

/** Shapes that say by form what their colour says too. */
export function SeverityIcon({ severity }: { readonly severity: Severity }): JSX.Element {
  return (
    <svg class={`mark tone-${severity}`} viewBox="0 0 16 16" aria-hidden="true">
      {marks[severity]}
    </svg>
  )
}

const marks: Readonly<Record<Severity, JSX.Element>> = {
  good: <circle cx="8" cy="8" r="5" class="fill" />,
  doubtful: <path d="M8 2.2 14 13H2Z" class="fill" />,
  bad: <rect x="3.2" y="3.2" width="9.6" height="9.6" transform="rotate(45 8 8)" class="fill" />,
  quiet: <circle cx="8" cy="8" r="4" class="line" />,
}

const iconPaths = {
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  done: 'M3 8.5 6.5 12 13 4.5',
  wait: 'M4 2.5h8M4 13.5h8M5 2.5c0 4 6 7 6 11M11 2.5c0 4-6 7-6 11',
  act: 'M6 3.5 11.5 8 6 12.5',
  stop: 'M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM8 5v4M8 11.2v.1',
  pennant: 'M4 14V2.5M4 3.2 13 6 4 8.8',
  close: 'M4 4l8 8M12 4l-8 8',
  back: 'M10 3 5 8l5 5',
} as const

export function Icon({ name }: { readonly name: keyof typeof iconPaths }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={iconPaths[name]} />
    </svg>
  )
}

export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M11 16C17 16 16 8 22 8M11 16C17 16 16 24 22 24" />
      <circle cx="8.5" cy="16" r="5" />
      <circle cx="24.5" cy="8" r="3.5" />
      <circle cx="24.5" cy="24" r="3.5" />
    </svg>
  )
}
