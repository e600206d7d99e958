/** Each brings the tables from one version to the next. Those that have been released are never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE networks (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('view', 'full')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    sealed_token BLOB NOT NULL,
    open INTEGER NOT NULL,
    key_hash BLOB,
    added_at INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    next_visit_at INTEGER NOT NULL,
    visited_at INTEGER,
    seen_at INTEGER,
    summary TEXT,
    places TEXT NOT NULL
  ) STRICT;
  CREATE INDEX networks_by_next_visit ON networks (next_visit_at);

  CREATE TABLE samples (
    network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    resolution INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    nodes INTEGER NOT NULL,
    workers INTEGER NOT NULL,
    models INTEGER NOT NULL,
    PRIMARY KEY (network_id, resolution, slot)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
]
