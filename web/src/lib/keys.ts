// Names of what the query client keeps. The incident of a page is
// ["incident", id], and whatever belongs to it starts the same way.

export const incidentKey = (id: string) => ["incident", id] as const;
export const incidentsKey = ["incidents"] as const;
export const alertsKey = ["alerts"] as const;
export const topologyKey = ["topology"] as const;
export const evaluationsKey = ["evaluations"] as const;
export const channelsKey = ["channels"] as const;
export const routingKey = ["settings", "routing"] as const;
export const serviceKey = ["settings", "service"] as const;
export const deliveriesKey = ["deliveries"] as const;
export const usersKey = ["users"] as const;
export const tokensKey = ["tokens"] as const;
export const sessionsKey = ["sessions"] as const;
export const auditKey = ["audit"] as const;
export const checksKey = ["checks"] as const;
export const queueKey = ["queue"] as const;
