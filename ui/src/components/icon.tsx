/** Strokes on a field of 24 by 24. */
const PATHS = {
  network:
    'M12 7.5 6.6 15.6M12 7.5l5.4 8.1M8.5 18h7M12 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM6 20.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm12 0a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  requests: 'M4 7h11m0 0-3.5-3.5M15 7l-3.5 3.5M20 17H9m0 0 3.5-3.5M9 17l3.5 3.5',
  models: 'M12 2.5 3.5 7v10l8.5 4.5 8.5-4.5V7L12 2.5ZM3.8 7.2 12 11.5l8.2-4.3M12 11.5v9.6',
  chat: 'M4 5h16v11h-9l-4.5 4v-4H4V5Z',
  backends: 'M3.5 4h17v6h-17zM3.5 14h17v6h-17zM7 7h.01M7 17h.01M11 7h6M11 17h6',
  logs: 'M5 4h14M5 9h14M5 14h9M5 19h6',
  metrics: 'M4 4v16h16M8 16v-4m4 4V8m4 8v-6',
  settings:
    'M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM12 3v2.6M12 18.4V21M3 12h2.6M18.4 12H21M5.6 5.6l1.9 1.9M16.5 16.5l1.9 1.9M18.4 5.6l-1.9 1.9M7.5 16.5l-1.9 1.9',
  api: 'm8 8-4 4 4 4m8-8 4 4-4 4M13.5 5l-3 14',
  key: 'M14.5 13.5a5 5 0 1 0-4-4L3 17v4h4v-3h3v-3l1.3-1.3ZM15.8 8.2h.01',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  copy: 'M8.5 8.5V4h11.5v11.5h-4.5M4 8.5h11.5V20H4V8.5Z',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20.5 20.5',
  plus: 'M12 5v14M5 12h14',
  trash: 'M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13.5h9l1-13.5M10.5 11v5.5M13.5 11v5.5',
  play: 'M7 4.5v15l12-7.5L7 4.5Z',
  stop: 'M6 6h12v12H6z',
  pause: 'M8 5v14M16 5v14',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4v5.4h-5.4',
  edit: 'M4 20l1-4.5L16 4.5l3.5 3.5-11 11L4 20ZM13.5 7l3.5 3.5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  warning: 'M12 3.5 2.5 20h19L12 3.5ZM12 10v4.5M12 17.5h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.5h.01',
  sun: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M19 5l-1.7 1.7M6.7 17.3 5 19',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  auto: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 3v18M15 5v14M18 7.5v9',
  chevron: 'm9 5.5 6.5 6.5L9 18.5',
  external: 'M14 4h6v6M20 4l-9 9M10 5H4v15h15v-6',
  download: 'M12 4v11m0 0-4.5-4.5M12 15l4.5-4.5M4.5 20h15',
  exit: 'M14 4h6v16h-6M4 12h11m0 0-4-4m4 4-4 4',
} as const

export type IconName = keyof typeof PATHS

/** A drawing beside words; nothing is said of it to those who do not see it. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
