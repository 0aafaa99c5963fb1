import { useQuery } from "@tanstack/react-query";
import { etagVersion, request } from "./api";
import type { Loaded } from "./edit";

/** Reads something editable with the version that its ETag says. */
export async function readVersioned<T>(path: string): Promise<Loaded<T>> {
  const { data, headers } = await request<T>("GET", path);
  return { data, version: etagVersion(headers) };
}

/** The same as a query. */
export function useVersioned<T>(key: readonly unknown[], path: string) {
  return useQuery({ queryKey: key, queryFn: () => readVersioned<T>(path) });
}
