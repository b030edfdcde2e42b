import { describe, expect, test, vi } from "vitest";
import { sayNote } from "../messages/notes";
import { dayName } from "./dates";
import { english } from "./en";
import { chooseLanguage, nameOf, sayableSpan, sentenceFor, spellCode } from "./index";

describe("the language", () => {
  test("is English when we speak none of the reader's", async () => {
    expect((await chooseLanguage(["xx", "yy-ZZ"])).language).toBe("en");
  });

  test("is found by its first part", async () => {
    expect((await chooseLanguage(["en-GB"])).language).toBe("en");
  });
});

describe("counting words", () => {
  test("agree with their number", () => {
    expect(english.messages.newBelow(1, false)).toBe("1 new message");
    expect(english.messages.newBelow(50, true)).toBe("50+ new messages");
    expect(english.messages.newBelow(1200, false)).toBe("1,200 new messages");
  });

  test.each([
    [86_400, "24 hours"],
    [3600, "one hour"],
    [300, "5 minutes"],
    [30, "30 seconds"],
    [604_800, "7 days"],
  ])("%d seconds are %s", (seconds, words) => {
    expect(sayableSpan(seconds)).toBe(words);
  });
});

test("a room without a title is called by its code", () => {
  expect(nameOf({ title: "Tea at four", code: "K7P3" })).toBe("Tea at four");
  expect(nameOf({ title: "", code: "K7P3" })).toBe("Room K7P3");
});

test("a code can be spelled on the telephone", () => {
  expect(spellCode("K7P3")).toBe("Kilo, Seven, Papa, Three");
});

test("every character of a code has a word", () => {
  for (const letter of "23456789ABCDEFGHJKLMNPQRSTUVWXYZ") expect(english.code.alphabet[letter]).toBeTruthy();
});

describe("a failure", () => {
  test("of a known code has its own sentence", () => {
    expect(sentenceFor({ code: "wrong_password", retryAfterS: null })).toBe("That is not the password.");
  });

  test("of an unknown code still says something", () => {
    expect(sentenceFor({ code: "of_tomorrow", retryAfterS: null })).toBe(english.failures["internal"]);
  });

  test.each(["bad_answer", "outdated", "stopped"])("of the page itself (%s) has its own sentence", (code) => {
    expect(english.failures[code]).toBeTruthy();
  });

  test("by a limit says when to try again", () => {
    expect(sentenceFor({ code: "rate_limited", retryAfterS: 1.2 })).toContain("2 seconds");
  });
});

describe("a day", () => {
  vi.stubGlobal("navigator", { languages: ["en-GB"] });
  const now = new Date(2026, 10, 24, 9, 0);

  test.each([
    ["2026-11-24", "Today"],
    ["2026-11-23", "Yesterday"],
    ["2026-11-20", "Friday 20 November"],
    ["2025-11-24", "Monday 24 November 2025"],
  ])("%s is called %s", (day, name) => {
    expect(dayName(day, now).replace(",", "")).toBe(name);
  });
});

test("a right-to-left name does not turn the sentence around", () => {
  const said = sayNote({ what: "joined", who: { id: "p", name: "نور" } });
  expect(said).toBe("\u2068نور\u2069 came in");
});
