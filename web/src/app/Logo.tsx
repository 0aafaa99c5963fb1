import icon from "./icon.svg";

/** The mark of the program. */
export function Logo({ size = 26 }: { size?: number }) {
  return <img src={icon} width={size} height={size} alt="" />;
}
