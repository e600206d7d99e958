import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Account, AccountStatus, Role } from './account.ts'

export interface StoredUser extends Account {
  readonly passwordHash: string
}

/** The users of the database. Names and addresses are told apart without regard to upper and lower case. */
export interface UserStore {
  byId(id: string): StoredUser | undefined
  byName(name: string): StoredUser | undefined
  byEmail(email: string): StoredUser | undefined
  list(): readonly Account[]
  count(): number
  /** Admins who are let in. */
  activeAdmins(): number
  insert(user: StoredUser): void
  setPassword(id: string, passwordHash: string): void
  setRole(id: string, role: Role): void
  setStatus(id: string, status: AccountStatus): void
  setSignedIn(id: string, at: number): void
  remove(id: string): void
}

export function createUserStore(database: DatabaseSync): UserStore {
  const one = (condition: string) => {
    const statement = database.prepare(`SELECT * FROM users WHERE ${condition}`)
    return (value: string): StoredUser | undefined => {
      const row = statement.get(value)
      return row === undefined ? undefined : toUser(row)
    }
  }
  const number = (query: string) => {
    const statement = database.prepare(query)
    return (): number => Number(statement.get()?.['number'])
  }
  const all = database.prepare('SELECT * FROM users ORDER BY created_at, id')
  const insert = database.prepare(
    'INSERT INTO users (id, name, email, password_hash, role, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const setPassword = database.prepare('UPDATE users SET password_hash = ? WHERE id = ?')
  const setRole = database.prepare('UPDATE users SET role = ? WHERE id = ?')
  const setStatus = database.prepare('UPDATE users SET status = ? WHERE id = ?')
  const setSignedIn = database.prepare('UPDATE users SET signed_in_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM users WHERE id = ?')
  return {
    byId: one('id = ?'),
    byName: one('name = ?'),
    byEmail: one('email = ?'),
    list: () => all.all().map(toAccount),
    count: number('SELECT count(*) AS number FROM users'),
    activeAdmins: number("SELECT count(*) AS number FROM users WHERE role = 'admin' AND status = 'active'"),
    insert({ id, name, email, passwordHash, role, status, createdAt }) {
      insert.run(id, name, email ?? null, passwordHash, role, status, createdAt)
    },
    setPassword: (id, passwordHash) => void setPassword.run(passwordHash, id),
    setRole: (id, role) => void setRole.run(role, id),
    setStatus: (id, status) => void setStatus.run(status, id),
    setSignedIn: (id, at) => void setSignedIn.run(at, id),
    remove: (id) => void remove.run(id),
  }
}

type Row = Record<string, SQLOutputValue>

/** Also for rows that join a user's columns with others. */
export function toAccount(row: Row): Account {
  return {
    id: String(row['id']),
    name: String(row['name']),
    email: row['email'] === null ? undefined : String(row['email']),
    role: row['role'] === 'admin' ? 'admin' : 'user',
    status: row['status'] === 'active' || row['status'] === 'pending' ? row['status'] : 'disabled',
    createdAt: Number(row['created_at']),
    signedInAt: row['signed_in_at'] === null ? undefined : Number(row['signed_in_at']),
  }
}

function toUser(row: Row): StoredUser {
  return { ...toAccount(row), passwordHash: String(row['password_hash']) }
}
