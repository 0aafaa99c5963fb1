import { cutMiddle } from "../format";

/** A name of at most `max` characters, cut in the middle; the whole on hover and for screen readers. */
export function MiddleCut({ text, max = 32, mono = false }: { text: string; max?: number; mono?: boolean }) {
  const cut = cutMiddle(text, max);
  const style = mono ? { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.94em" } : undefined;
  if (cut === text) return <span style={style}>{text}</span>;
  return (
    <span style={style} title={text}>
      <span aria-hidden>{cut}</span>
      <span className="visually-hidden">{text}</span>
    </span>
  );
}
