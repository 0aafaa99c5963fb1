// Names of what the query client keeps. The incident of a page is
// ["incident", id], and whatever belongs to it starts the same way.

export const incidentKey = (id: string) => ["incident", id] as const;
export const incidentsKey = ["incidents"] as const;
