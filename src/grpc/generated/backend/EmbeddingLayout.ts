// Original file: proto/backend.proto

export const EmbeddingLayout = {
  EMBEDDING_LAYOUT_UNSPECIFIED: 'EMBEDDING_LAYOUT_UNSPECIFIED',
  EMBEDDING_LAYOUT_FINAL: 'EMBEDDING_LAYOUT_FINAL',
  EMBEDDING_LAYOUT_PER_TOKEN: 'EMBEDDING_LAYOUT_PER_TOKEN',
} as const;

export type EmbeddingLayout =
  | 'EMBEDDING_LAYOUT_UNSPECIFIED'
  | 0
  | 'EMBEDDING_LAYOUT_FINAL'
  | 1
  | 'EMBEDDING_LAYOUT_PER_TOKEN'
  | 2

export type EmbeddingLayout__Output = typeof EmbeddingLayout[keyof typeof EmbeddingLayout]
