/** How the settings of `/api/settings` are grouped and called. */
export interface SettingRow {
  readonly key: string
  readonly label: string
  readonly hint?: string
}

export interface SettingSection {
  readonly title: string
  readonly rows: readonly SettingRow[]
}

const DURATION = 'A duration such as 30s, 15m or 1h30m'
const GALLERIES = 'JSON: [{"name": "…", "url": "…"}]'
const KEYS = 'One a line. Those that are set are shown masked; a line that is taken away takes its key back.'

export const SECTIONS: readonly SettingSection[] = [
  {
    title: 'Watchdog',
    rows: [
      { key: 'watchdog_enabled', label: 'Watch over loaded models' },
      { key: 'watchdog_idle_enabled', label: 'Unload models that are idle' },
      { key: 'watchdog_idle_timeout', label: 'Idle for', hint: DURATION },
      { key: 'watchdog_busy_enabled', label: 'End models that are stuck' },
      { key: 'watchdog_busy_timeout', label: 'Busy for', hint: DURATION },
      { key: 'watchdog_interval', label: 'Look every', hint: DURATION },
    ],
  },
  {
    title: 'Memory',
    rows: [
      { key: 'max_active_backends', label: 'Most models in memory', hint: '0: as many as fit' },
      { key: 'single_backend', label: 'Only one model in memory' },
      { key: 'memory_reclaimer_enabled', label: 'Unload models when memory runs low' },
      { key: 'memory_reclaimer_threshold', label: 'Memory in use from which on', hint: '0.95 is 95 %' },
      { key: 'force_eviction_when_busy', label: 'Unload also while a request runs' },
      { key: 'lru_eviction_max_retries', label: 'Tries to make room' },
      { key: 'lru_eviction_retry_interval', label: 'Time between tries', hint: DURATION },
    ],
  },
  {
    title: 'Models',
    rows: [
      { key: 'threads', label: 'Threads', hint: '0: as many as the machine has cores' },
      { key: 'context_size', label: 'Context size', hint: 'Tokens; 0: as the model says' },
      { key: 'f16', label: 'Cache in 16 bits' },
      { key: 'parallel_backend_requests', label: 'Requests to one model at the same time' },
      { key: 'open_responses_store_ttl', label: 'Keep stored responses for', hint: `${DURATION}; 0: for ever` },
      { key: 'debug', label: 'Log more' },
    ],
  },
  {
    title: 'API',
    rows: [
      { key: 'api_keys', label: 'API keys', hint: KEYS },
      { key: 'cors', label: 'Only these sites may read answers' },
      { key: 'cors_allow_origins', label: 'Sites', hint: 'https://one.example,https://two.example' },
      { key: 'csrf', label: 'Refuse changes that other sites ask for with a cookie' },
    ],
  },
  {
    title: 'Network',
    rows: [
      { key: 'p2p_token', label: 'Token', hint: 'Shown masked. 0 makes a new network.' },
      { key: 'p2p_network_id', label: 'Group', hint: 'Nodes of one group share their requests' },
      { key: 'federated', label: 'Serve for the other nodes' },
    ],
  },
  {
    title: 'Memory for other nodes',
    rows: [
      { key: 'lend', label: 'Lend memory to their big models' },
      { key: 'lend_memory', label: 'Most memory to lend', hint: 'A size such as 8GB; empty: 80 % of what is free' },
      { key: 'lend_threads', label: 'Threads that compute for them', hint: '0: all cores' },
      { key: 'lend_to', label: 'Lend to these nodes only', hint: 'Ids, one a line; none: every member of the group' },
    ],
  },
  {
    title: 'Galleries',
    rows: [
      { key: 'galleries', label: 'Galleries of models', hint: GALLERIES },
      { key: 'autoload_galleries', label: 'Read those of models at the start' },
      { key: 'backend_galleries', label: 'Galleries of backends', hint: GALLERIES },
      { key: 'autoload_backend_galleries', label: 'Read those of backends at the start' },
    ],
  },
]

/** With what this page does not know, of a newer node, behind the others. */
export function sectionsFor(keys: readonly string[]): readonly SettingSection[] {
  const known = new Set(SECTIONS.flatMap(({ rows }) => rows.map(({ key }) => key)))
  const others = keys.filter((key) => !known.has(key)).map((key) => ({ key, label: key }))
  const present = SECTIONS.map(({ title, rows }) => ({ title, rows: rows.filter(({ key }) => keys.includes(key)) }))
  return [...present, { title: 'Other', rows: others }].filter(({ rows }) => rows.length > 0)
}
