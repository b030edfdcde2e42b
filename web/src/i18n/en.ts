// English. The shape of this object is the type that every other language must fill.

import { pluralIn } from "./plural";

const plural = pluralIn("en");

export const english = {
  language: "en",
  direction: "ltr" as "ltr" | "rtl",

  page: {
    name: "Parlour",
    skipToMain: "Skip to the content",
    skipToComposer: "Skip to writing a message",
    titleOf: (room: string) => `${room} · Parlour`,
    titleWithUnread: (unread: number, title: string) => `(${unread}) ${title}`,
  },

  landing: {
    heading: "Talk in a quiet room.",
    lead: "Say four characters to a friend, and you are both inside. No account, nothing to install.",
    nameLabel: "Your name",
    namePlaceholder: "What should people call you?",
    titleLabel: "What is it about?",
    optional: "optional",
    titlePlaceholder: "Friday plans",
    create: "Create a room",
    creating: "Opening the door…",
    codeLabel: "Have a code? Type or paste it",
    codeHint: "Capitals or not, it is all the same.",
    join: "Join",
    joining: "Knocking…",
    footer: "Rooms close by themselves some time after the last person has left.",
  },

  door: {
    invited: "You are invited to",
    lookingUp: "Finding the room…",
    codeTitle: "Room",
    enter: "Go in",
    entering: "Going in…",
    passwordLabel: "Password of this room",
    passwordHint: "The person who invited you knows it.",
  },

  code: {
    copy: "Copy the link",
    copied: "Link copied",
    copyTile: (code: string, spelled: string) => `Room code ${code}: ${spelled}. Copy the link`,
    spelled: (letters: string) => `Room code: ${letters}`,
    sayAloud: "Say it aloud",
    alphabet: {
      "2": "Two", "3": "Three", "4": "Four", "5": "Five", "6": "Six", "7": "Seven", "8": "Eight", "9": "Nine",
      A: "Alfa", B: "Bravo", C: "Charlie", D: "Delta", E: "Echo", F: "Foxtrot", G: "Golf", H: "Hotel",
      J: "Juliett", K: "Kilo", L: "Lima", M: "Mike", N: "November", P: "Papa", Q: "Quebec", R: "Romeo",
      S: "Sierra", T: "Tango", U: "Uniform", V: "Victor", W: "Whiskey", X: "X-ray", Y: "Yankee", Z: "Zulu",
    } as Readonly<Record<string, string>>,
  },

  invite: {
    open: "Invite people",
    heading: "Invite people",
    lead: "Say the code, send the link, or let them scan.",
    share: "Share…",
    shareText: (title: string) => `Join me in “${title}” on Parlour`,
    qr: "QR code of the link to this room",
    link: "Link to this room",
    copyByHand: "Copy this link by hand:",
  },

  room: {
    untitled: (code: string) => `Room ${code}`,
    here: (count: number) => plural(count, { one: "# here", other: "# here" }),
    showPeople: "Show people",
    menu: "Room menu",
    yourName: "Change your name",
    theme: "Colours",
    themes: { system: "System", light: "Light", dark: "Dark" },
    leave: "Leave this room",
    signOut: "Sign out",
    close: "Close",
    cancel: "Cancel",
    save: "Save",
    saving: "Saving…",
    renameHeading: "What should people call you?",
    renameHint: "Everyone in your rooms sees the new name.",
    leaveHeading: "Leave this room?",
    leaveLead: "You can come back with the code as long as the room is open.",
    leaveConfirm: "Leave",
    leaving: "Leaving…",
    signOutHeading: "Sign out?",
    signOutLead: "You leave your seat in every room on this device, and your guest name with it. What you wrote stays.",
    signOutConfirm: "Sign out",
    lifetime: (span: string) => `This room closes ${span} after the last person leaves.`,
    opening: "Opening the room…",
  },

  people: {
    heading: "People",
    hereHeading: (count: number) => `Here now · ${count}`,
    awayHeading: (count: number) => `Away · ${count}`,
    owner: "owner",
    you: "you",
    more: (count: number) => plural(count, { one: "and # more", other: "and # more" }),
  },

  connection: {
    connecting: "Connecting…",
    reconnecting: "Reconnecting…",
    reconnectingIn: (seconds: number) => plural(seconds, { one: "Reconnecting in # s", other: "Reconnecting in # s" }),
    offline: "You are offline. What you write is kept and sent later.",
    lost: "The connection is lost. Reconnecting.",
    tryNow: "Try now",
  },

  messages: {
    log: "Messages",
    empty: "You are the first one here.",
    emptyLead: "Say this code to someone. They type it on the start page, and they are in.",
    beginning: "This is where the room began.",
    quiet: "Nothing has been said yet.",
    quietLead: "Say hello, or bring someone in: they type this code on the start page.",
    today: "Today",
    yesterday: "Yesterday",
    loadingOlder: "Loading earlier messages…",
    loadOlderFailed: "Earlier messages did not come.",
    unread: "New since you left",
    toLatest: "Jump to the latest message",
    newBelow: (count: number) => plural(count, { one: "# new message", other: "# new messages" }),
    sending: "Sending…",
    failed: "Not sent.",
    tryAgain: "Try again",
    discard: "Discard",
    edited: "edited",
    removed: "This message was removed.",
    notes: {
      created: (who: string) => `${who} opened the room`,
      joined: (who: string) => `${who} came in`,
      left: (who: string) => `${who} left`,
      renamed: (who: string, before: string) => `${before} is now called ${who}`,
      owner: (who: string) => `${who} owns the room now`,
      member: (who: string) => `${who} is a member now`,
      retitled: (who: string, title: string) => `${who} named the room “${title}”`,
    },
  },

  composer: {
    label: "Your message",
    placeholder: (room: string) => `Write to ${room}`,
    send: "Send",
    left: (count: number) => plural(count, { one: "# character left", other: "# characters left" }),
    over: (count: number) => plural(count, { one: "# character too many", other: "# characters too many" }),
    keys: "Enter sends, Shift and Enter begins a new line.",
  },

  endings: {
    closed: {
      heading: "This room has closed.",
      lead: "It stood empty for a while, and everything said in it is gone.",
    },
    not_found: {
      heading: "There is no room behind this code.",
      lead: "It may have closed, or a character went astray. Ask again for the code, or try it once more.",
    },
    left: { heading: "You have left the room.", lead: "The code brings you back as long as it is open." },
    removed: { heading: "You were removed from this room.", lead: "Someone who looks after it closed the door for you." },
    error: { heading: "The door did not open.", lead: "" },
    unknown: { heading: "There is nothing at this address.", lead: "Perhaps the link was cut off on its way to you." },
    unreachable: { heading: "Parlour cannot be reached.", lead: "Check your connection. Nothing is lost." },
    startPage: "To the start page",
    comeBack: "Come back in",
    tryAgain: "Try again",
  },

  failures: {
    offline: "No answer came. Check your connection and try again.",
    expired: "It waited longer than a day, so it was not sent by itself.",
    not_found: "There is no room behind this code.",
    wrong_password: "That is not the password.",
    banned: "You cannot enter this room.",
    locked: "This room lets nobody new in at the moment.",
    forbidden: "You may not do this.",
    unauthenticated: "You are not signed in any more.",
    empty_name: "Please say a name.",
    name_too_long: "That name is too long. 40 characters fit.",
    empty_title: "Please say a title.",
    title_too_long: "That title is too long. 80 characters fit.",
    forbidden_characters: "There are invisible or control characters in it that cannot be used.",
    password_too_long: "That password is too long. 200 characters fit.",
    empty_body: "There is nothing to send.",
    body_too_long: "That is too long. 4,000 characters fit.",
    too_many_in_flight: "Many messages are still on their way. Please wait a moment.",
    overloaded: "The server is very busy. Please try again in a moment.",
    storage_unavailable: "The server cannot keep messages at the moment. Please try again later.",
    internal: "Something went wrong on our side. Please try again.",
  } as Readonly<Record<string, string>>,
  rateLimited: (seconds: number) =>
    plural(seconds, { one: "That was a little fast. Try again in # second.", other: "That was a little fast. Try again in # seconds." }),

  spans: {
    hours: (count: number) => plural(count, { one: "one hour", other: "# hours" }),
    minutes: (count: number) => plural(count, { one: "one minute", other: "# minutes" }),
    seconds: (count: number) => plural(count, { one: "one second", other: "# seconds" }),
    days: (count: number) => plural(count, { one: "one day", other: "# days" }),
  },
};

export type Catalogue = typeof english;
