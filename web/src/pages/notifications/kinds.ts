import type { ChannelKind } from "../../lib/types";

export interface Field {
  name: string;
  /** text; secret: written once, comes back as ***; list: one a line; map: key = value, one a line. */
  type: "text" | "secret" | "list" | "map";
  required?: boolean;
  placeholder?: string;
}

const url = (placeholder: string): Field => ({ name: "url", type: "text", required: true, placeholder });
const secret: Field = { name: "secret", type: "secret" };

/** What each kind of channel needs to be told. */
export const kinds: Record<ChannelKind, Field[]> = {
  slack: [
    { name: "token", type: "secret", placeholder: "xoxb-…" },
    { name: "channel", type: "text", placeholder: "#incidents" },
    { name: "webhook_url", type: "secret", placeholder: "https://hooks.slack.com/services/…" },
  ],
  webhook: [url("https://…"), secret, { name: "headers", type: "map", placeholder: "X-Team = db" }],
  email: [{ name: "to", type: "list", required: true, placeholder: "oncall@example.org" }],
  teams: [url("https://….webhook.office.com/…")],
  mattermost: [url("https://…/hooks/…")],
  dingtalk: [url("https://oapi.dingtalk.com/robot/send?access_token=…"), secret],
  wecom: [url("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…")],
  feishu: [url("https://open.feishu.cn/open-apis/bot/v2/hook/…"), secret],
  loki: [
    url("http://loki:3100"),
    { name: "tenant", type: "text" },
    { name: "labels", type: "map", placeholder: "app = triagent" },
  ],
};

export const kindNames = Object.keys(kinds) as ChannelKind[];

type Config = Record<string, unknown>;

/** The value of a field as text for a form. */
export function toText(field: Field, config: Config): string {
  const v = config[field.name];
  if (v === undefined || v === null) return "";
  if (field.type === "list") return Array.isArray(v) ? v.join("\n") : String(v);
  if (field.type === "map")
    return Object.entries(v)
      .map(([k, x]) => `${k} = ${String(x)}`)
      .join("\n");
  return String(v);
}

/** The value of a field from the text of a form; undefined where it is empty. */
export function fromText(field: Field, text: string): unknown {
  const lines = text
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);
  if (lines.length === 0) return undefined;
  if (field.type === "list") return lines.flatMap((l) => l.split(/[,;\s]+/)).filter(Boolean);
  if (field.type === "map") return Object.fromEntries(lines.map((l) => pair(l)));
  return text.trim();
}

function pair(line: string): [string, string] {
  const at = line.search(/[=:]/);
  return at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
