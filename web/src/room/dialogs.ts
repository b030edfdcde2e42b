/** What can lie over a room; one at a time. */
export type RoomDialog = "invite" | "rename" | "leave" | "signOut";
