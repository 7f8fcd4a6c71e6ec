import type { Row } from "../data/row";
import type { Format } from "../format";
import type { Words } from "../i18n/words";

/** "6 %, 3.2 of 48 GiB, ends about 13:06", or of a job "5 of 9, now nextcloud (104)"; empty where nothing runs. */
export function progressText(row: Row, words: Words, format: Format): string {
  const { progress } = row;
  if (!progress) return "";
  if (row.kind === "job") {
    const text = words.say("progress_job", { done: progress.done, total: progress.total ?? 0 });
    return progress.now ? `${text}, ${words.say("progress_now", { guest: progress.now })}` : text;
  }
  const done = format.size(progress.done);
  return [
    progress.percent === null ? "" : `${progress.percent} %`,
    progress.total === null ? done : words.say("progress_of", { done, total: format.size(progress.total) }),
    progress.ends === null ? "" : words.say("progress_ends", { time: format.time(progress.ends) }),
  ]
    .filter(Boolean)
    .join(", ");
}
