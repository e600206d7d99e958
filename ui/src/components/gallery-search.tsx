import { useEffect, useRef } from 'preact/hooks'

export interface Search {
  readonly term: string
  readonly tag: string
  readonly page: number
}

export interface GallerySearchProps {
  readonly value: Search
  readonly tags: readonly string[]
  readonly onChange: (search: Search) => void
}

const TYPING_MS = 200

/** Asks when nothing was typed for a moment; what is sought begins at its first page. */
export function GallerySearch({ value, tags, onChange }: GallerySearchProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Search the galleries"
        placeholder="Search by name, description or tag"
        defaultValue={value.term}
        onInput={(event) => {
          const term = event.currentTarget.value
          clearTimeout(timer.current)
          timer.current = setTimeout(() => onChange({ ...value, term, page: 1 }), TYPING_MS)
        }}
      />
      <select
        aria-label="Tag"
        value={value.tag}
        onChange={(event) => onChange({ ...value, tag: event.currentTarget.value, page: 1 })}
      >
        <option value="">All tags</option>
        {tags.map((tag) => (
          <option key={tag} value={tag}>
            {tag}
          </option>
        ))}
      </select>
    </search>
  )
}
