import {
  createContext,
  lazy,
  Suspense,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../lib/session";
import classes from "./upload.module.css";

const UploadDialog = lazy(() => import("./UploadDialog"));

interface Uploads {
  /** Opens the dialogue. */
  open: () => void;
}

const Context = createContext<Uploads>({ open: () => undefined });

/** The dialogue of uploads, and dropping files anywhere on the page. */
export function UploadProvider({ children }: { children: ReactNode }) {
  const can = useCan("operator");
  const [opened, setOpened] = useState(false);
  const [files, setFiles] = useState<File[]>([]);
  const open = useCallback(() => {
    if (can) setOpened(true);
  }, [can]);
  const value = useMemo(() => ({ open }), [open]);
  const take = useCallback((dropped: File[]) => {
    setFiles(dropped);
    setOpened(true);
  }, []);
  return (
    <Context.Provider value={value}>
      {children}
      {can && <DropArea onDrop={take} />}
      {opened && (
        <Suspense>
          <UploadDialog
            dropped={files}
            onClose={() => {
              setOpened(false);
              setFiles([]);
            }}
          />
        </Suspense>
      )}
    </Context.Provider>
  );
}

/** Opens the dialogue from anywhere. */
export function useUploads(): Uploads {
  return useContext(Context);
}

function DropArea({ onDrop }: { onDrop: (f: File[]) => void }) {
  const { t } = useTranslation("shell");
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (e: DragEvent) => e.dataTransfer?.types.includes("Files") ?? false;
    const drag = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(true);
    };
    const leave = (e: DragEvent) => {
      if (e.relatedTarget === null) setOver(false);
    };
    const drop = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(false);
      onDrop(Array.from(e.dataTransfer?.files ?? []));
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [onDrop]);
  if (!over) return null;
  return <div className={classes.over}>{t("upload.drop")}</div>;
}
