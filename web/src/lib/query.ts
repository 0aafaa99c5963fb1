import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./api";

/** Whether a failed query is tried again: three times where a later try may succeed. */
export function shouldRetry(failures: number, error: unknown): boolean {
  if (error instanceof ApiError) return error.transient && failures < 3;
  return false;
}

/** Milliseconds until the next try: what the service asks for, else doubling from half a second up to 15 s. */
export function retryDelay(attempt: number, error: unknown): number {
  if (error instanceof ApiError && error.retryAfter > 0) return Math.min(error.retryAfter, 30) * 1000;
  return Math.min(500 * 2 ** attempt, 15_000);
}

/** A query client with the rules of the page. GETs are repeated, changes never are. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: shouldRetry, retryDelay, staleTime: 15_000, gcTime: 5 * 60_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}
