/** In the log of a process whose answers are checked. */
export const WRONG_ANSWER = 'an answer is not as the OpenAPI document says'
