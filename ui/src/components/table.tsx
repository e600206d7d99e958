import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Link } from './link.tsx'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ComponentChildren
  /** In CSS: `8rem`, `20%`. Columns without one share the rest. */
  readonly width?: string
  readonly align?: 'right'
  /** Left out where the screen is narrow. */
  readonly wide?: boolean
}

export interface TableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  /** Where a row leads; the first cell is the link, and the whole row can be clicked. */
  readonly linkOf?: (row: T) => string
  /** Or what opening a row does. */
  readonly onOpen?: (row: T) => void
  readonly selected?: string | undefined
  /** In pixels; the same for all. */
  readonly rowHeight?: number
  /** Most that the table is high, in CSS. */
  readonly height?: string
  readonly empty?: ComponentChildren
}

/** Rows that are drawn above and below those that are seen. */
const OVERSCAN = 6
const DEFAULT_ROW_HEIGHT = 46

/** A table that draws only the rows that are seen: thousands of them stay smooth. */
export function Table<T>(props: TableProps<T>) {
  const { label, columns, rows, rowHeight = DEFAULT_ROW_HEIGHT, height = '60vh', empty } = props
  const scroller = useRef<HTMLElement>(null)
  const view = useView(scroller)
  const first = Math.max(0, Math.floor(view.value.top / rowHeight) - OVERSCAN)
  const last = Math.min(rows.length, Math.ceil((view.value.top + view.value.height) / rowHeight) + OVERSCAN)
  if (rows.length === 0 && empty !== undefined) return <div class="table-empty">{empty}</div>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard
    <section class="table" aria-label={label} tabIndex={0} ref={scroller} style={{ maxHeight: height }}>
      <table aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={cellClass(column)} style={{ width: column.width }}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={first * rowHeight} />
          {rows.slice(first, last).map((row, index) => (
            <Row key={props.keyOf(row)} row={row} index={first + index} table={props} height={rowHeight} />
          ))}
          <Spacer height={(rows.length - last) * rowHeight} />
        </tbody>
      </table>
    </section>
  )
}

interface View {
  readonly top: number
  readonly height: number
}

function useView(scroller: RefObject<HTMLElement | null>): Signal<View> {
  const view = useSignal<View>({ top: 0, height: 800 })
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const look = (): void => {
      view.value = { top: element.scrollTop, height: element.clientHeight }
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller, view])
  return view
}

/** Stands for the rows that are not drawn. */
function Spacer({ height }: { readonly height: number }) {
  return height === 0 ? null : <tr class="spacer" style={{ height: `${height}px` }} />
}

interface RowProps<T> {
  readonly row: T
  readonly index: number
  readonly height: number
  readonly table: Pick<TableProps<T>, 'columns' | 'linkOf' | 'onOpen' | 'selected' | 'keyOf'>
}

function Row<T>({ row, index, height, table }: RowProps<T>) {
  const { columns, linkOf, onOpen, selected, keyOf } = table
  const isSelected = selected !== undefined && selected === keyOf(row)

  function firstCell(content: ComponentChildren): ComponentChildren {
    if (linkOf !== undefined) {
      return (
        <Link to={linkOf(row)} class="row-open">
          {content}
        </Link>
      )
    }
    if (onOpen === undefined) return content
    return (
      <button type="button" class="row-open" aria-pressed={isSelected} onClick={() => onOpen(row)}>
        {content}
      </button>
    )
  }

  return (
    <tr aria-rowindex={index + 2} class={isSelected ? 'selected' : ''} style={{ height: `${height}px` }}>
      {columns.map((column, position) => (
        <td key={column.title} class={cellClass(column)}>
          {position === 0 ? firstCell(column.cell(row)) : column.cell(row)}
        </td>
      ))}
    </tr>
  )
}

function cellClass({ align, wide }: Pick<Column<never>, 'align' | 'wide'>): string {
  return `${align === 'right' ? 'right' : ''} ${wide === true ? 'wide-only' : ''}`.trim()
}
