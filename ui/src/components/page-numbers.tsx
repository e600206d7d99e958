import { Button } from './button.tsx'

export interface PagesProps {
  readonly current: number
  readonly total: number
  readonly onChange: (page: number) => void
}

export function Pages({ current, total, onChange }: PagesProps) {
  if (total < 2) return null
  return (
    <nav class="actions centered" aria-label="Pages of the list">
      <Button small disabled={current <= 1} onClick={() => onChange(current - 1)}>
        Back
      </Button>
      <span>
        {current} of {total}
      </span>
      <Button small disabled={current >= total} onClick={() => onChange(current + 1)}>
        Next
      </Button>
    </nav>
  )
}
