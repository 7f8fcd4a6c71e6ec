import type { Hass, LocaleData } from "./ha/types";
import { dateOf } from "./model/days";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const NUMBER_LANGUAGES: Record<string, string> = {
  comma_decimal: "en-US",
  decimal_comma: "de",
  space_comma: "fr",
  quote_decimal: "de-CH",
};

/** Writes numbers, sizes and times as the user has chosen in Home Assistant. */
export class Format {
  readonly language: string;
  readonly #numbers: string | undefined;
  readonly #grouping: boolean;
  readonly #hour12: boolean | undefined;
  readonly #zone: string | undefined;
  readonly #made = new Map<string, unknown>();

  constructor(locale: LocaleData, zone: string) {
    this.language = locale.language || "en";
    const numbers = locale.number_format ?? "language";
    this.#numbers = numbers === "system" ? undefined : (NUMBER_LANGUAGES[numbers] ?? this.language);
    this.#grouping = numbers !== "none";
    this.#hour12 = locale.time_format === "12" ? true : locale.time_format === "24" ? false : undefined;
    this.#zone = locale.time_zone === "server" ? zone : undefined;
  }

  number(value: number, digits = 0): string {
    const options = { maximumFractionDigits: digits, useGrouping: this.#grouping };
    return this.#once(`number ${digits}`, () => new Intl.NumberFormat(this.#numbers, options)).format(value);
  }

  /** "36.1 GiB", in the units that Proxmox shows. */
  size(bytes: number | null | undefined): string {
    if (bytes === null || bytes === undefined) return "–";
    const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
    const value = bytes / 1024 ** power;
    return `${this.number(value, power && value < 100 ? 1 : 0)} ${UNITS[power]}`;
  }

  /** "4 min", "1 hr 12 min". */
  duration(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined) return "–";
    const unit = (value: number, unit: string) =>
      this.#once(
        unit,
        () => new Intl.NumberFormat(this.language, { style: "unit", unit, unitDisplay: "short" }),
      ).format(value);
    const minutes = Math.round(seconds / 60);
    if (seconds < 60) return unit(Math.round(seconds), "second");
    if (minutes < 60) return unit(minutes, "minute");
    const rest = minutes % 60;
    return rest ? `${unit(Math.floor(minutes / 60), "hour")} ${unit(rest, "minute")}` : unit(minutes / 60, "hour");
  }

  /** "in 13 hr.", "5 days ago". */
  relative(time: number | null | undefined, now = Date.now() / 1000, style: "narrow" | "short" | "long" = "narrow") {
    if (time === null || time === undefined) return "–";
    // In German, minutes are not written "m".
    const readable = style === "narrow" && this.language.startsWith("de") ? "short" : style;
    const format = this.#relative(readable);
    const seconds = time - now;
    const size = Math.abs(seconds);
    if (size < 45) return format.format(0, "second");
    if (size < 90 * 60) return format.format(Math.round(seconds / 60) || Math.sign(seconds), "minute");
    if (size < 36 * 3600) return format.format(Math.round(seconds / 3600), "hour");
    return format.format(Math.round(seconds / 86400), "day");
  }

  day(day: string, options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" }) {
    return this.#dates({ ...options, timeZone: "UTC" }).format(dateOf(day));
  }

  /** "25 Nov, 02:10". */
  moment(time: number | null | undefined): string {
    return time ? this.#clock({ day: "numeric", month: "short" }).format(time * 1000) : "–";
  }

  time(time: number | null | undefined): string {
    return time ? this.#clock({}).format(time * 1000) : "–";
  }

  /** "today, 02:00", "tomorrow, 02:00", else with the weekday. */
  upcoming(time: number, now = Date.now() / 1000): string {
    const dayOf = (moment: number) => this.#dates({ dateStyle: "short", ...this.#zoned() }).format(moment * 1000);
    const ahead = [0, 1].find((days) => dayOf(now + days * 86_400) === dayOf(time));
    if (ahead === undefined) return this.weekdayMoment(time);
    const day = this.#relative("long").format(ahead, "day");
    return `${day}, ${this.time(time)}`;
  }

  weekdayMoment(time: number): string {
    return this.#clock({ weekday: "short", day: "numeric", month: "short" }).format(time * 1000);
  }

  #clock(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const hour12 = this.#hour12 === undefined ? {} : { hour12: this.#hour12 };
    return this.#dates({ ...options, hour: "2-digit", minute: "2-digit", ...hour12, ...this.#zoned() });
  }

  #zoned = (): Intl.DateTimeFormatOptions => (this.#zone ? { timeZone: this.#zone } : {});

  #dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return this.#once(JSON.stringify(options), () => new Intl.DateTimeFormat(this.language, options));
  }

  #relative = (style: Intl.RelativeTimeFormatStyle): Intl.RelativeTimeFormat =>
    this.#once(`relative ${style}`, () => new Intl.RelativeTimeFormat(this.language, { style, numeric: "auto" }));

  /** To make one of these takes a hundred times as long as to use it. */
  #once<T>(key: string, make: () => T): T {
    const made = (this.#made.get(key) as T | undefined) ?? make();
    this.#made.set(key, made);
    return made;
  }
}

const formats = new WeakMap<LocaleData, Format>();

export function formatOf(hass: Hass): Format {
  const format = formats.get(hass.locale) ?? new Format(hass.locale, hass.config.time_zone);
  formats.set(hass.locale, format);
  return format;
}
